// Flags: variants, the segments that lead to them, and what they depend on.

import { bucket } from './bucket.mjs';
import { condition } from './condition.mjs';
import { Fields, read } from './json-text.mjs';
import { name, object, string, value, walk } from './user.mjs';

const VARIANTS = ['on', 'off', 'control', 'treatment'];
const FLAGS = ['a', 'b', 'c', 'flag-1', 'é', '😀', ''];

/**
 * The flags of a pair in the order of their text, which is not the one in which they depend on each other.
 */
export function flags(random, pair) {
  const made = [];
  pair.flagKeys = [];
  for (let count = random.pick([1, 1, 1, 2, 2, 3, 4]); count; count--) {
    const key = flagKey(random, pair);
    const flag = flagOf(random, pair, key);
    made.push(flag);
    pair.flagKeys.push(key);
    // Those that come now may look at this one's result.
    const variant = random.pick(flag.last('variants').entries)[1];
    walk(
      pair.properties,
      ['result', key],
      { ...(variant && read(variant)), metadata: Object(read(flag.last('metadata') ?? null)) },
      2,
    );
  }
  if (pair.mood.cyclic) for (const flag of made) depend(random, pair, flag);
  return random.shuffled(made);
}

/** A key: a new one, at times an odd one, seldom one that is taken. */
function flagKey(random, pair) {
  if (isNamedOddly(pair) && random.chance(0.6)) return name(random, pair);
  const isTaken = (key) => pair.flagKeys.includes(key);
  return random.pick(random.chance(0.08) ? FLAGS : FLAGS.filter((key) => !isTaken(key)));
}

const isNamedOddly = ({ mood }) => mood.inherited || mood.indices || mood.halves;

function flagOf(random, pair, key) {
  const variants = variantsOf(random, pair);
  const names = variants.entries.map(([variant]) => variant);
  const entries = [
    ['key', key],
    ['variants', variants],
    [
      'segments',
      Array.from({ length: random.pick([1, 1, 2, 2, 3]) }, (_, at) => segment(random, pair, names, at)),
    ],
  ];
  if (pair.flagKeys.length && random.chance(0.6))
    entries.push(['dependencies', random.some(pair.flagKeys, random.between(1, 2))]);
  else if (random.chance(0.2))
    entries.push(['dependencies', random.pick([null, [], ['missing'], [name(random, pair)]])]);
  if (random.chance(0.5)) entries.push(['metadata', metadata(random, pair)]);
  if (random.chance(0.1)) entries.push([random.pick(['more', 'Key', 'segment']), value(random, pair)]);
  return new Fields(random.chance(0.5) ? entries : random.shuffled(entries));
}

/** Adds something the flag depends on, be it a flag that depends on it. */
function depend(random, pair, flag) {
  const more = random.some([...pair.flagKeys, 'missing'], random.between(0, 2));
  if (flag.last('dependencies')) flag.last('dependencies').push(...more);
  else flag.entries.push(['dependencies', more]);
}

function variantsOf(random, pair) {
  const names = random.some(VARIANTS, random.between(1, 3));
  if (isNamedOddly(pair)) names.push(name(random, pair));
  if (pair.mood.nulls) names.push('null');
  const entries = names.map((variant) => [
    variant,
    pair.mood.nulls && random.chance(0.2) ? null : variantOf(random, pair, variant),
  ]);
  if (pair.mood.doubled) entries.push(random.pick(entries));
  return new Fields(entries);
}

function variantOf(random, pair, key) {
  const entries = [];
  if (random.chance(0.9)) entries.push(['key', key]);
  if (random.chance(0.7)) entries.push(['value', random.chance(0.8) ? key : string(random, pair)]);
  if (random.chance(0.4)) entries.push(['payload', value(random, pair)]);
  if (random.chance(0.3)) entries.push(['metadata', metadata(random, pair)]);
  return new Fields(entries);
}

function metadata(random, pair) {
  if (random.chance(0.08)) return null;
  if (pair.mood.odd && random.chance(0.15)) return value(random, pair, 1);
  const entries = [];
  const segmentName = () =>
    random.chance(0.9) ? random.pick(['first', 'All Other Users', '😀']) : value(random, pair, 1);
  if (random.chance(0.6)) entries.push(['segmentName', segmentName()]);
  if (random.chance(0.3)) entries.push(['default', random.chance(0.5)]);
  if (random.chance(0.3)) entries.push(['both', string(random, pair)]);
  return new Fields([...entries, ...object(random, pair, random.below(2), 1).entries]);
}

function segment(random, pair, variants, at) {
  const entries = [];
  const conditions = random.chance(at ? 0.7 : 0.85)
    ? alternatives(random, pair)
    : random.pick([undefined, undefined, null]);
  if (conditions !== undefined) entries.push(['conditions', conditions]);
  if (random.chance(0.35))
    entries.push([
      'bucket',
      random.chance(0.95) ? bucket(random, pair, () => variantName(random, pair, variants)) : null,
    ]);
  if (random.chance(0.85)) entries.push(['variant', variantName(random, pair, variants)]);
  if (random.chance(0.6)) entries.push(['metadata', metadata(random, pair)]);
  if (pair.mood.doubled && entries.length && random.chance(0.2)) entries.unshift(random.pick(entries));
  return new Fields(random.chance(0.7) ? entries : random.shuffled(entries));
}

function variantName(random, pair, variants) {
  if (pair.mood.nulls && random.chance(0.3)) return null;
  return random.chance(0.93) ? random.pick(variants) : random.pick(['gone', name(random, pair)]);
}

function alternatives(random, pair) {
  return Array.from({ length: random.pick([0, 1, 1, 1, 1, 2, 2, 3]) }, () => {
    return Array.from(
      { length: random.pick([0, 1, 1, 1, 2, 2, 3]) },
      () => new Fields(condition(random, pair)),
    );
  });
}
