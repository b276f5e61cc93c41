// Whether our answers are the reference's, and if one is not, which of the intended differences make it so.

import { differences } from './differences.mjs';
import { faults } from './faults.mjs';
import { changed, plain } from './reference.mjs';

/**
 * Whether two answers are the same: names in any order, those that hold undefined are not there, 0 and -0 are
 * two numbers.
 */
export function same(a, b) {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || !a || !b || Array.isArray(a) !== Array.isArray(b))
    return false;
  if (Array.isArray(a)) return a.length === b.length && a.every((item, at) => same(item, b[at]));
  const names = namesOf(a);
  return (
    names.length === namesOf(b).length &&
    names.every((name) => Object.hasOwn(b, name) && same(a[name], b[name]))
  );
}

const namesOf = (object) => Object.keys(object).filter((name) => object[name] !== undefined);

/** For each engine its differences, and whether a pattern is one there. */
const of = Object.fromEntries(
  ['wasm', 'native'].map((engine) => {
    const mine = differences.filter(({ engines }) => engines?.includes(engine) ?? true);
    return [engine, { mine, compiles: compilerOf(mine) }];
  }),
);

/** Judges the answers `{wasm, native}` to a question; an engine that was not asked has none. */
export function judge(question, answers) {
  const reference = plain(question);
  const verdicts = Object.entries(answers).map(([engine, answer]) => [
    engine,
    verdict(question, engine, answer, reference),
  ]);
  return { reference, ...Object.fromEntries(verdicts) };
}

/**
 * `{}` for an answer that is the reference's; `{differs: [name, …]}`, or `{fails: why}` if nothing explains
 * it.
 */
function verdict(question, engine, answer, reference) {
  const { mine, compiles } = of[engine];
  if (answer.throws) return { fails: `it throws ${answer.throws}` };
  const skipped = Object.fromEntries(faults(question, compiles));
  if (isLike(answer, { ...reference, skipped })) return {};
  const { fired, expected } = withDifferences(question, mine, skipped);
  if (!isLike(answer, expected)) return { fails: 'another answer', expected };
  // Those without which it is not the same any more.
  const needed = [...fired].reduce(
    (needed, one) => {
      const fewer = needed.filter((other) => other !== one);
      return fewer.length && isLike(answer, withDifferences(question, fewer, skipped).expected)
        ? fewer
        : needed;
    },
    [...fired],
  );
  return needed.length
    ? { differs: needed.map(({ name }) => name) }
    : { fails: 'it differs, and no difference made it' };
}

/** What an engine with these differences is to answer, and which of them made a difference. */
function withDifferences(question, list, skipped) {
  const { fired, ...said } = changed(question, list);
  return { fired, expected: { ...said, skipped } };
}

/** Whether an answer is this one, as far as its engine says. */
function isLike(answer, expected) {
  if (expected.throws || !same(answer.variants, expected.variants) || !same(answer.skipped, expected.skipped))
    return false;
  return !answer.traces || (same(answer.results, expected.results) && same(answer.traces, expected.traces));
}

/** Whether there is a pattern of a source where these differences are. */
function compilerOf(list) {
  const engine = { compile: (source) => new RegExp(source) };
  for (const { patch } of list)
    patch?.(new Proxy(engine, { get: (engine, name) => engine[name] ?? (() => {}) }), () => {}, {});
  return (source) => Boolean(engine.compile(source));
}
