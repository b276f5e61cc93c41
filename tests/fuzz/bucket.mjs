// Buckets, with ranges that end about where the user falls: a bound that is wrong by one shows nowhere else.

import { createRequire } from 'node:module';
import { selector, textOf } from './condition.mjs';
import { Fields, Literal, read } from './json-text.mjs';
import { number, string } from './user.mjs';

const { EvaluationEngine } = createRequire(import.meta.url)('@amplitude/experiment-core');
const engine = new EvaluationEngine();

/** Hash values are below this; their last two digits are the allocation, the others the position in it. */
const HASHES = 2 ** 32;
const ALLOCATIONS = 100;

const ODD_BOUNDS = ['1e400', '-1e400', '-0', '1e2', '4294967296', '50.0', '-5'];

/** A bucket. `variant` makes the name of a variant. */
export function bucket(random, pair, variant) {
  const property = random.pick(random.chance(0.5) ? pair.properties.slice(0, 3) : pair.properties);
  const salt = saltOf(random, pair);
  const hash = engine.getHash(`${read(salt)}/${textOf(property.value)}`);
  const ranges = {
    users: () => range(random, pair, ALLOCATIONS, hash % ALLOCATIONS),
    rest: () => range(random, pair, Math.ceil(HASHES / ALLOCATIONS), Math.floor(hash / ALLOCATIONS)),
  };
  const entries = [
    ['selector', selector(random, pair, property.path)],
    ['salt', salt],
    [
      'allocations',
      Array.from({ length: random.pick([0, 1, 1, 1, 2, 3]) }, () => allocation(random, ranges, variant)),
    ],
  ];
  if (pair.mood.odd && random.chance(0.1)) entries.shift();
  return new Fields(entries);
}

function saltOf(random, pair) {
  if (pair.mood.unlike && random.chance(0.2)) return random.pick([true, number(random, pair)]);
  return random.chance(0.5) ? random.pick(['salt', 'mHdQDzeE', '']) : string(random, pair);
}

function allocation(random, ranges, variant) {
  const distributions = Array.from({ length: random.pick([0, 1, 2, 2, 3]) }, () => {
    const entries = [['range', ranges.rest()]];
    if (random.chance(0.95)) entries.push(['variant', variant()]);
    return new Fields(entries);
  });
  return new Fields([
    ['range', ranges.users()],
    ['distributions', distributions],
  ]);
}

/**
 * A range, which may be empty, turned round, between whole numbers, or overlap others. `here` is where the
 * user is.
 */
function range(random, { mood }, end, here) {
  const bound = () => random.pick([0, end, Math.floor(end / 2), random.below(end), here, here + 1]);
  const bounds = random.chance(0.3) ? [0, end] : [bound(), bound()];
  if (random.chance(0.8)) bounds.sort((a, b) => a - b);
  const shifted = (bound) =>
    random.chance(mood.odd ? 0.3 : 0.03) ? bound + random.pick([0.5, 0.001, -0.5, -1]) : bound;
  const literals = bounds.map((bound) => new Literal(String(shifted(bound))));
  if (mood.odd && random.chance(0.1)) literals[random.below(2)] = new Literal(random.pick(ODD_BOUNDS));
  if (mood.odd && random.chance(0.05)) literals.push(new Literal('7'));
  return literals;
}
