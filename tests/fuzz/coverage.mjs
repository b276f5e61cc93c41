// What a run has met: a generator whose conditions are never met, or always, would find nothing and say that
// all is well.

import { OPERATORS } from './condition.mjs';

/** Shares of conditions that are met: of all, and of those of one operator. */
const ALL = [0.33, 0.67];
const ONE = [0.05, 0.95];

/** With fewer pairs, shares say nothing. */
const ENOUGH = 2000;

/** Counts of something, and of how often it was met. */
const none = () => ({ tried: 0, met: 0 });

/** What was met in no pair. It is data: what several runs have met can be added up. */
export const emptyCoverage = () => ({ pairs: 0, flags: none(), segments: [], operators: {} });

/** Counts an answer of the reference, if it has traces. */
export function record(all, { traces }) {
  all.pairs += 1;
  for (const { matched, steps } of Object.values(traces ?? {})) {
    count(all.flags, matched);
    steps.forEach((step, at) => recordSegment(all, step, at));
  }
}

function recordSegment(all, { conditionsPassed, conditionResult }, at) {
  count((all.segments[at] ??= none()), conditionsPassed);
  for (const { condition, matched } of (conditionResult ?? []).flat()) {
    count((all.operators[OPERATORS.includes(condition.op) ? condition.op : 'unknown'] ??= none()), matched);
  }
}

function count(of, isMet) {
  of.tried += 1;
  of.met += isMet;
}

/** What both have met. */
export const merge = (a, b) => ({
  pairs: a.pairs + b.pairs,
  flags: sum([a.flags, b.flags]),
  segments: Array.from({ length: Math.max(a.segments.length, b.segments.length) }, (_, at) =>
    sum([a.segments[at], b.segments[at]]),
  ),
  operators: Object.fromEntries(
    [...OPERATORS, 'unknown'].map((name) => [name, sum([a.operators[name], b.operators[name]])]),
  ),
});

const sum = (counts) =>
  counts.reduce((all, one = none()) => ({ tried: all.tried + one.tried, met: all.met + one.met }), none());

const share = ({ tried, met } = none()) => (tried ? met / tried : 0);

/** What is wrong with the generator. */
export function faultsOf({ pairs, operators }) {
  if (pairs < ENOUGH) return [];
  const outside = ([least, most], of) => !(share(of) >= least && share(of) <= most);
  const odd = OPERATORS.filter((name) => outside(ONE, operators[name])).map(
    (name) => `"${name}" is met too seldom, or too often`,
  );
  if (outside(ALL, sum(Object.values(operators)))) odd.push('too few conditions are met, or too many');
  return odd;
}

export function linesOf({ flags, segments, operators }) {
  const percent = (of) => `${Math.round(share(of) * 100)} %`;
  const all = sum(Object.values(operators));
  return [
    `conditions: ${all.tried} tried, ${percent(all)} met (${Object.entries(operators)
      .map(([name, of]) => `${name} ${percent(of)}`)
      .join(', ')})`,
    `segments: ${segments.map((of, at) => `${at + 1}. tried ${of.tried} times, ${percent(of)} met`).join('; ')}`,
    `flags: ${flags.tried}, ${percent(flags)} with a variant`,
  ];
}
