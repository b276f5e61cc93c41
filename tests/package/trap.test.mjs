// A trap: the instance is lost, its clients are not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inNodeProcess } from './node-process.mjs';
import { POISON } from './poison.mjs';

const START = `${POISON}
  const { Experiment, HttpExposureTrackingProvider } = await import('experiment-wasm');
  const tracked = []; const logged = []; const asked = [];
  const log = (sentence, error) => logged.push(error?.code ?? sentence);
  const answers = { '/sdk/v2/vardata': () => '{"a":{"key":"on","value":"on"},"b":{"key":"on","value":"on"}}', '/sdk/v2/flags': () => '[]' };
  const options = {
    pollOnStart: false, loggerProvider: { error: log, warn: log, info() {}, debug() {}, verbose() {} },
    exposureTrackingProvider: (exposure, event) => void tracked.push([exposure.flag_key, event.user_id]),
    httpClient: { request: async (url) => { const { pathname } = new URL(url); asked.push(pathname); return { status: 200, body: await answers[pathname]() } } },
  };
  const client = Experiment.initialize('key', options);
  const print = (value) => console.log(JSON.stringify(value));
  process.on('uncaughtException', (error) => { print(['uncaught', String(error)]); process.exit(); });
  process.on('unhandledRejection', (error) => { print(['unhandled', String(error)]); process.exit(); });
`;

test('after a trap the client knows its user and its variants, and tells no exposure twice', async () => {
  const result = await inNodeProcess(`${START}
    await client.fetch({ user_id: 'u' });
    client.variant('a');
    poison();
    const other = Experiment.initialize('other', options);
    await Promise.resolve();
    client.setUser({ user_id: 'u', user_properties: { a: 1 } });
    print([client.variant('a').value, client.variant('b').value, client.getUser(), tracked, logged, instances.length, other.variant('x', 'y').value]);`);
  assert.deepEqual(result, [
    'on',
    'on',
    { user_id: 'u', user_properties: { a: 1 } },
    [
      ['a', 'u'],
      ['b', 'u'],
    ],
    [],
    2,
    'y',
  ]);
});

test('every method survives the trap it runs into', async () => {
  const calls = [
    "variant('a')",
    "exposure('a')",
    'all()',
    'clear()',
    "setUser({ user_id: 'v' })",
    'setTracksAssignment(true)',
    'stop()',
    'close()',
  ];
  for (const call of calls) {
    const result = await inNodeProcess(`${START}
      await client.fetch({ user_id: 'u' });
      poison();
      client.${call};
      print([instances.length, logged, client.variant('none', 'x').value]);`);
    assert.deepEqual(result, [2, [], 'x'], call);
  }
});

test('start and fetch that were open when it trapped are answered by the next instance', async () => {
  const result = await inNodeProcess(`${START}
    let release;
    const held = new Promise((resolve) => (release = resolve));
    const body = answers['/sdk/v2/vardata']();
    answers['/sdk/v2/vardata'] = () => held.then(() => body);
    const started = client.start({ user_id: 'u' });
    const fetched = client.fetch({ user_id: 'u' });
    await new Promise(setImmediate);
    poison();
    const meanwhile = client.variant('a', 'off').value;
    release();
    await started;
    print([meanwhile, (await fetched) === client, client.variant('a').value, tracked, logged, instances.length]);`);
  assert.deepEqual(result, ['off', true, 'on', [['a', 'u']], [], 2]);
});

test('a trap in a callback reaches nobody, and what was asked is answered', async () => {
  const result = await inNodeProcess(`${START}
    let release;
    answers['/sdk/v2/vardata'] = ((body) => () => new Promise((resolve) => (release = () => resolve(body))))(answers['/sdk/v2/vardata']());
    const fetched = client.fetch({ user_id: 'u' });
    await new Promise(setImmediate);
    poison();
    release();
    await new Promise(setImmediate);
    release();
    await fetched;
    print([client.variant('a').value, logged, instances.length, asked.length]);`);
  assert.deepEqual(result, ['on', [], 2, 2]);
});

test('a trap under a provider that calls back costs neither call its answer', async () => {
  const result = await inNodeProcess(`${START}
    const seen = [];
    const nested = Experiment.initialize('nested', { ...options, exposureTrackingProvider: ({ flag_key }) => {
      if (!seen.length) poison();
      seen.push([flag_key, client.variant('a').value]);
    } });
    await client.fetch({ user_id: 'u' });
    await nested.fetch({ user_id: 'u' });
    const answer = nested.variant('b').value;
    print([answer, seen.map(([flag]) => flag).filter((flag) => flag === 'b').length > 0, seen.every(([, value]) => value === 'on'), logged, instances.length]);`);
  assert.deepEqual(result, ['on', true, true, [], 2]);
});

test('a stack that overflows in the core leaves a client that answers', async () => {
  const result = await inNodeProcess(`${START}
    await client.fetch({ user_id: 'u' });
    const escaped = [];
    const deep = () => { try { deep(); } catch { try { client.variant('a'); client.setUser({ user_id: 'u' }); } catch (error) { escaped.push(error.name); throw error; } } };
    try { deep(); } catch {}
    await new Promise(setImmediate);
    print([client.variant('a').value, client.getUser(), escaped.every((name) => name === 'RangeError')]);`);
  assert.deepEqual(result, ['on', { user_id: 'u' }, true]);
});

test('all() of an instance that takes over says everything anew', async () => {
  const result = await inNodeProcess(`${START}
    const flag = (key) => ({ key, metadata: { evaluationMode: 'local' }, variants: { on: { key: key + '-on' } }, segments: [{ variant: 'on' }] });
    const local = Experiment.initialize('local', { ...options, initialFlags: JSON.stringify([flag('x'), flag('y')]) });
    const all = () => Object.entries(local.all()).map(([key, variant]) => [key, variant.key]);
    const before = all();
    poison();
    print([before, all(), all(), instances.length]);`);
  const all = [
    ['x', 'x-on'],
    ['y', 'y-on'],
  ];
  assert.deepEqual(result, [all, all, all, 2]);
});

test('after five traps within a minute answers are fallbacks, promises resolve, and that is logged once', async () => {
  const result = await inNodeProcess(`${START}
    await client.fetch({ user_id: 'u' });
    answers['/sdk/v2/vardata'] = () => new Promise(() => {});
    const open = client.fetch();
    await new Promise(setImmediate);
    for (let i = 0; i < 5; i++) { poison(); client.all(); }
    await open;
    await client.start({ user_id: 'v' });
    print([client.variant('a', 'off').value, logged, instances.length, client.getUser()]);`);
  assert.deepEqual(result, ['off', ['WASM_TRAPPED'], 5, { user_id: 'v' }]);
});

test('traps that are a minute apart are forgiven', async () => {
  const result = await inNodeProcess(`${START}
    let now = Date.now();
    Date.now = () => now;
    for (let i = 0; i < 8; i++) { poison(); client.all(); now += 60_001; }
    print([logged, instances.length]);`);
  assert.deepEqual(result, [[], 9]);
});
