// Asks the reference and our engines the same questions, and shrinks those that they answer differently.

import { emptyCoverage, merge, record } from './coverage.mjs';
import { Fields } from './json-text.mjs';
import { judge } from './judge.mjs';
import { pair, texts } from './pair.mjs';
import { flagNodes } from './reference.mjs';
import { shrink } from './shrink.mjs';

/**
 * Questions that are asked at once: about as many as a pipe holds, so that the native build answers while the
 * wasm does.
 */
const BATCH = 32;

/** Failures that are shrunk; the others are counted. */
const SHRUNK = 5;

/**
 * How long one failure is shrunk, in milliseconds: an engine that does not come back takes its time at each
 * try.
 */
const PATIENCE = 60_000;

/**
 * Asks `pairs` questions of these engines: functions by name, from a list of questions to as many answers, or
 * a promise of them. An answer that is undefined was not asked for. What is returned is data, and can be
 * added up with `together`.
 */
export async function fuzz({ seed, pairs, from = 0, engines }) {
  const run = { coverage: emptyCoverage(), asked: {}, equal: {}, failed: {}, differs: {}, failures: [] };
  for (let at = from; at < from + pairs; at += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, from + pairs - at) }, (_, more) => at + more);
    await batch(
      run,
      numbers.map((number) => ({ seed, number, ...pair(seed, number) })),
      engines,
    );
  }
  return run;
}

/** Two runs as one. */
export function together(a, b) {
  const counts = ['asked', 'equal', 'failed', 'differs'].map((name) => [name, sums(a[name], b[name])]);
  return {
    ...Object.fromEntries(counts),
    coverage: merge(a.coverage, b.coverage),
    failures: [...a.failures, ...b.failures],
  };
}

/** Counts, or objects of them, added up name by name. */
function sums(a = {}, b = {}) {
  const sum = (a, b) => (typeof (a ?? b) === 'number' ? (a ?? 0) + (b ?? 0) : sums(a, b));
  return Object.fromEntries(Object.keys({ ...a, ...b }).map((name) => [name, sum(a[name], b[name])]));
}

async function batch(run, questions, engines) {
  const lists = await Promise.all(
    Object.entries(engines).map(async ([name, ask]) => [name, await ask(questions)]),
  );
  for (const [name, { length }] of lists) {
    if (length !== questions.length)
      throw new Error(`${name} answered ${length} of ${questions.length} questions`);
  }
  for (const [at, question] of questions.entries()) {
    const answers = lists
      .map(([name, list]) => [name, list[at]])
      .filter(([, answer]) => answer !== undefined);
    await take(run, question, Object.fromEntries(answers), engines);
  }
}

async function take(run, question, answers, engines) {
  const outcomes = judge(question, answers);
  record(run.coverage, outcomes.reference);
  for (const engine of Object.keys(answers)) {
    const { fails, differs = [] } = outcomes[engine];
    count(run.asked, engine);
    if (fails) await fail(run, question, engine, engines[engine], fails);
    else if (!differs.length) count(run.equal, engine);
    for (const name of differs) count((run.differs[name] ??= {}), engine);
  }
}

const count = (counts, name) => (counts[name] = (counts[name] ?? 0) + 1);

async function fail(run, { seed, number, ...question }, engine, ask, fails) {
  count(run.failed, engine);
  if (run.failures.length >= SHRUNK) return;
  const { tree, ...small } = await shrunk(question, engine, ask, fails);
  const [answer] = await ask([{ tree, ...small }]);
  const { expected } = judge({ tree, ...small }, { [engine]: answer })[engine];
  run.failures.push({ seed, number, engine, fails, question: small, answer, expected: plainly(expected) });
}

/** Without what the reference's answers have of their world. */
const plainly = (answer) => answer && structuredClone(answer);

/** The smallest question at which the engine fails in the same way. */
async function shrunk(question, engine, ask, fails) {
  const end = performance.now() + PATIENCE;
  const failsStill = async (tree) => {
    if (performance.now() > end) return false;
    const smaller = isQuestion(tree) && texts(tree);
    if (!smaller) return false;
    const [answer] = await ask([smaller]);
    return answer !== undefined && judge(smaller, { [engine]: answer })[engine].fails === fails;
  };
  const asList = new Fields(
    question.tree.entries.map(([name, part]) => [name, name === 'flags' ? flagNodes(question.tree) : part]),
  );
  return texts(await shrink((await failsStill(asList)) ? asList : question.tree, failsStill));
}

/** Whether it is still what can be asked: flags, a user, and perhaps keys and a page. */
function isQuestion(tree) {
  if (!(tree instanceof Fields)) return false;
  const [flags, user, keys, page] = ['flags', 'user', 'keys', 'page'].map((name) => tree.last(name));
  const areFlags = Array.isArray(flags) || flags instanceof Fields;
  const areKeys = keys == null || (Array.isArray(keys) && keys.every((key) => typeof key === 'string'));
  return (
    areFlags &&
    user instanceof Fields &&
    areKeys &&
    (page == null || (typeof page === 'string' && page !== ''))
  );
}
