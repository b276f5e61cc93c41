// What is said of a run: what was asked, what was equal, what differed as intended, and each failure as a
// case that can be put into `tests/vectors/evaluation.json`.

import { faultsOf, linesOf } from './coverage.mjs';
import { differences } from './differences.mjs';
import { tree, write } from './json-text.mjs';
import { contextOf } from './reference.mjs';

/** Whether nothing failed and enough was asked. */
export const isWell = (run) => !run.failures.length && !faultsOf(run.coverage).length;

/** The lines of a report. `seconds` is how long the run took. */
export function report(run, seconds) {
  const engines = Object.keys(run.asked);
  const counts = (of = {}) => engines.map((engine) => `${engine} ${of[engine] ?? 0}`).join(', ');
  return [
    `pairs: ${run.coverage.pairs} in ${seconds.toFixed(1)} s, ${Math.round(run.coverage.pairs / seconds)} a second`,
    `answers: ${counts(run.asked)}`,
    `equal: ${counts(run.equal)}`,
    'equal but for an intended difference, or several:',
    ...differences.map(({ name }) => `  ${name}: ${counts(run.differs[name])}`),
    ...linesOf(run.coverage),
    `failed: ${counts(run.failed)}`,
    ...run.failures.flatMap(linesOfFailure),
    ...faultsOf(run.coverage).map((fault) => `the generator: ${fault}`),
  ];
}

function linesOfFailure({ seed, number, engine, question, answer, fails, expected }) {
  return [
    '',
    `--- seed ${seed}, pair ${number}, ${engine}: ${fails}. As a case:`,
    asCase(question, `found by the fuzzer, seed ${seed}, pair ${number}`, expected),
    `user:     ${question.user}`,
    `said:     ${JSON.stringify(answer)}`,
    `expected: ${JSON.stringify(expected)}`,
  ];
}

/** A line of `evaluation.json`. What would not survive being read and written stays text. */
function asCase({ flags, user, keys, page }, name, { results, traces, skipped } = {}) {
  const context = contextOf({ user, page });
  const errors = Object.entries(skipped ?? {}).map(([key, code]) => ({ ...(key && { key }), code }));
  const input = {
    ...(survives(flags) ? { flags: JSON.parse(flags) } : { flagsText: flags }),
    ...(survives(write(tree(context))) ? { context } : { contextText: write(tree(context)) }),
    ...(keys && { keys }),
    trace: true,
  };
  return JSON.stringify({
    name,
    input,
    expected: { variants: results, traces, ...(errors.length && { errors }) },
  });
}

const survives = (text) => JSON.stringify(JSON.parse(text)) === text;
