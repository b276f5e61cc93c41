// experiment-wasm/evaluate: flags and a user in, variants and their traces out, as the reference's engine
// says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EvaluationEngine, topologicalSort } from '@amplitude/experiment-core';
import { ExperimentError, evaluate } from 'experiment-wasm/evaluate';
import { inNodeProcess } from './node-process.mjs';
import { POISON } from './poison.mjs';
import { localFlag } from './visitor.mjs';

const ofUser = (selector) => ['context', 'user', ...selector];
const experiment = {
  key: 'experiment',
  variants: {
    control: { key: 'control', value: 'control' },
    treatment: { key: 'treatment', value: 'treatment', payload: { size: [1, 2.5, 1e21] } },
  },
  metadata: { experimentKey: 'exp-1' },
  segments: [
    {
      metadata: { segmentName: 'split' },
      bucket: {
        selector: ofUser(['user_id']),
        salt: 'salt',
        allocations: [
          {
            range: [0, 100],
            distributions: [
              { variant: 'control', range: [0, 21474837] },
              { variant: 'treatment', range: [21474837, 42949673] },
            ],
          },
        ],
      },
    },
  ],
};
const dependent = {
  key: 'dependent',
  dependencies: ['experiment'],
  variants: { on: { key: 'on' }, off: { key: 'off', metadata: { default: true } } },
  segments: [
    {
      conditions: [[{ selector: ['result', 'experiment', 'key'], op: 'is', values: ['treatment'] }]],
      variant: 'on',
    },
    { variant: 'off' },
  ],
};
const flags = [localFlag('local'), experiment, dependent];
const users = Array.from({ length: 8 }, (_, at) => ({
  user_id: `user-${at}`,
  user_properties: { plan: at % 2 ? 'pro' : 'free' },
}));

/** What the reference answers: results and traces of the flags asked for, in its own words. */
function reference(user, keys) {
  const byKey = Object.fromEntries(flags.map((flag) => [flag.key, flag]));
  const { results, traces } = new EvaluationEngine().evaluateWithTraces(
    { user },
    topologicalSort(byKey, keys),
  );
  return JSON.parse(JSON.stringify({ variants: results, traces, skipped: {} }));
}

test("variants and traces are the reference's", () => {
  const seen = new Set();
  for (const user of users) {
    const answer = evaluate(flags, user);
    assert.deepEqual(answer, reference(user));
    seen.add(answer.variants.experiment.key);
  }
  assert.deepEqual([...seen].sort(), ['control', 'treatment']);
});

test('flags may come as a list, by key, or as the text of either', () => {
  const [user] = users;
  const byKey = Object.fromEntries(flags.map((flag) => [flag.key, flag]));
  const answer = evaluate(flags, user);
  for (const form of [byKey, JSON.stringify(flags), JSON.stringify(byKey)])
    assert.deepEqual(evaluate(form, user), answer);
});

test('the flags asked for bring those they depend on', () => {
  const [user] = users;
  assert.deepEqual(evaluate(flags, user, ['dependent']), reference(user, ['dependent']));
  assert.deepEqual(evaluate(flags, user, ['unknown']).variants, {});
});

test('without trace there are no traces', () => {
  const [user] = users;
  const { variants, ...rest } = evaluate(flags, user, undefined, { trace: false });
  assert.deepEqual([variants, rest.traces], [reference(user).variants, undefined]);
});

test('a bad flag harms only itself', () => {
  const { variants, skipped } = evaluate([{ key: 'bad', segments: 5 }, ...flags], users[0]);
  assert.deepEqual([variants, Object.keys(skipped)], [reference(users[0]).variants, ['bad']]);
});

test('answers are plain objects, whatever the keys are called', () => {
  const { variants } = evaluate([{ ...localFlag('constructor') }, localFlag('toString')], users[1]);
  assert.deepEqual(
    [Object.keys(variants).sort(), variants.constructor.key],
    [['constructor', 'toString'], 'on'],
  );
});

test('half a pair and __proto__ are names like any other, in flags and in what is in them', () => {
  const payload = '{"__proto__":{"\\ud83d":1},"\\ude00":2}';
  const text = `[{"key":"\\ud83d","segments":[{"variant":"__proto__"}],"variants":{"__proto__":{"key":"__proto__","payload":${payload}}}}]`;
  const { variants } = evaluate(text, users[0]);
  assert.deepEqual(Object.keys(variants), ['\ud83d']);
  assert.deepEqual(variants['\ud83d'].payload, JSON.parse(payload));
});

test('flags of which none is understood are flags', () => {
  assert.deepEqual(evaluate([{}], users[0]), { variants: {}, traces: {}, skipped: { '': 'SHAPE' } });
});

test('what is no flag, no user and no list is refused', () => {
  const cyclic = {};
  cyclic.self = cyclic;
  for (const bad of [undefined, null, 5, true, cyclic]) {
    assert.throws(
      () => evaluate(bad, users[0]),
      (error) => error instanceof ExperimentError && error.code === 'BAD_ARGUMENT',
    );
    assert.throws(() => evaluate(flags, bad), { code: 'BAD_ARGUMENT' });
    if (bad != null) assert.throws(() => evaluate(flags, users[0], bad), { code: 'BAD_ARGUMENT' });
  }
});

test('a text that holds no flags is refused, and the next call answers', () => {
  for (const bad of ['', 'no json', '5', '[', '{'])
    assert.throws(() => evaluate(bad, users[0]), { code: 'BAD_ARGUMENT' }, bad);
  assert.throws(() => evaluate(flags, users[0], [5]), { code: 'BAD_ARGUMENT' });
  assert.deepEqual(evaluate('[]', users[0]), { variants: {}, traces: {}, skipped: {} });
});

test('a trap is survived, and a page without wasm is told', async () => {
  const survived =
    await inNodeProcess(`${POISON} const { evaluate } = await import('experiment-wasm/evaluate');
    const ask = () => evaluate(${JSON.stringify(flags)}, { user_id: 'user-1' }).variants.experiment.key;
    const before = ask(); poison();
    console.log(JSON.stringify([ask() === before, instances.length]));`);
  assert.deepEqual(survived, [true, 2]);
  const code =
    await inNodeProcess(`delete globalThis.WebAssembly; const { evaluate } = await import('experiment-wasm/evaluate');
    try { evaluate([], {}); } catch (error) { console.log(JSON.stringify(error.code)); }`);
  assert.equal(code, 'WASM_UNAVAILABLE');
});
