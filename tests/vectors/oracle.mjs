// Asks the reference (@amplitude/experiment-core, @amplitude/experiment-js-client) what it makes of every
// case's input, so that `expected` is not this project's opinion. Use: node tests/vectors/oracle.mjs
// [--write] Without --write it checks; with it, it fills in `expected`. Where we differ from the reference on
// purpose, `differs` says why, and the check insists that the reference really says something else.
import { readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import core from '@amplitude/experiment-core';
import client from '@amplitude/experiment-js-client';
import { contextOf } from '../fuzz/reference.mjs';

const { EvaluationEngine, topologicalSort } = core;
const engine = new EvaluationEngine();
const plain = (value) => JSON.parse(JSON.stringify(value));

const differs = {
  conditions: {
    'a broken pattern matches nothing': 'the reference throws, and no flag has a variant',
    'nothing can be said not to match a broken pattern': 'the reference throws',
    'a pattern beside a broken one still matches': 'the reference throws',
    'numbers and booleans as values are taken for their text':
      'the reference throws; the wire has strings only',
    'an inherited name that is not there is not there': 'the reference finds functions of Object.prototype',
  },
  evaluation: {
    'names that every object inherits are ordinary keys':
      'the reference takes functions of Object.prototype for flags',
    '__proto__ is an ordinary key': 'the reference loses the flag: it assigns to a prototype',
    'an inherited name is no variant': 'the reference takes Object for a variant',
    'a broken pattern leaves its condition unmet and its flag at work': 'the reference throws',
  },
};

const answers = {
  bucketing({ text, bucket, value, variant }) {
    if (bucket === undefined) {
      const hash = engine.getHash(text);
      return { hash, allocation: hash % 100, distribution: Math.floor(hash / 100) };
    }
    const segment = { bucket: { ...bucket, selector: ['context', 'value'] }, variant };
    return { variant: engine.bucket({ context: { value }, result: {} }, segment) ?? null };
  },

  conditions({ op, values, selector = ['context', 'property'], ...rest }) {
    const context = rest.contextText
      ? JSON.parse(rest.contextText)
      : (rest.context ?? { property: rest.property });
    return engine.matchCondition({ context, result: {} }, { op, values, selector });
  },

  // Flags that are named in the errors harm only themselves: the answer is the reference's to all the others.
  evaluation({ flags, flagsText, context, contextText, userText, keys, trace }, expected) {
    const errors = expected?.errors ?? [];
    const lost = (flag) =>
      errors.some(
        ({ key, code }) => code !== 'PATTERN' && (key === flag?.key || typeof flag?.key !== 'string'),
      );
    const read =
      flagsText === undefined
        ? flags
        : errors.some(({ code }) => code === 'NOT_FLAGS')
          ? []
          : JSON.parse(flagsText);
    const good = Object.fromEntries(
      Object.values(read)
        .filter((flag) => !lost(flag))
        .map((flag) => [flag.key, flag]),
    );
    const asked = keys?.flatMap((key) =>
      good[key] ? key : lost({ key }) ? (flags.find((flag) => flag.key === key).dependencies ?? []) : [],
    );
    const sorted = topologicalSort(good, asked);
    const target = userText ? contextOf({ user: userText }) : contextText ? JSON.parse(contextText) : context;
    const variants = engine.evaluate(target, sorted);
    const traces = trace && engine.evaluateWithTraces(target, sorted).traces;
    return plain({ variants, ...(trace && { traces }), ...(errors.length && { errors }) });
  },

  exposure({ config, stored, flags, user, call, key, fallback }) {
    const shelf = new Map([['amp-exp-$default_instance-client', JSON.stringify(stored)]]);
    globalThis.localStorage = {
      getItem: (name) => shelf.get(name) ?? null,
      setItem: () => {},
      removeItem: () => {},
    };
    const tracked = [];
    const exposureTrackingProvider = { track: (exposure) => void tracked.push(plain(exposure)) };
    const page = new client.ExperimentClient('a-client', {
      ...plain(config),
      initialFlags: JSON.stringify(flags),
      exposureTrackingProvider,
    });
    page.setUser(user);
    const { variant, source } = page.variantAndSource(key, fallback);
    page[call](key, fallback);
    return plain({ variant: variant ?? {}, source: source ?? 'none', exposure: tracked[0] ?? null });
  },
};

let wrong = 0;
for (const [name, answer] of Object.entries(answers)) {
  const file = new URL(`${name}.json`, import.meta.url);
  const vectors = JSON.parse(readFileSync(file, 'utf8'));
  for (const test of vectors.cases) judge(name, test, answer);
  if (process.argv.includes('--write')) writeFileSync(file, written(vectors));
  console.log(`${name}: ${vectors.cases.length} cases`);
}
if (wrong) process.exitCode = 1;

function judge(name, test, answer) {
  let said;
  try {
    said = answer(plain(test.input), test.expected);
  } catch (error) {
    said = { throws: error.message };
  }
  const why = differs[name]?.[test.name];
  if (why ? !isDeepStrictEqual(said, test.expected) : isDeepStrictEqual(said, test.expected)) return;
  if (!why && !said?.throws && process.argv.includes('--write')) return void (test.expected = said);
  wrong += 1;
  console.error(
    `${name}: ${test.name}: ${why ? 'the reference agrees, though it should not' : `the reference says ${JSON.stringify(said)}`}`,
  );
}

// One case a line, so that a diff shows cases.
function written({ specVersion, cases }) {
  const lines = cases.map((test) => `    ${JSON.stringify(test, null, 1).replace(/\n\s*/g, ' ')}`);
  return `{\n  "specVersion": ${specVersion},\n  "cases": [\n${lines.join(',\n')}\n  ]\n}\n`;
}
