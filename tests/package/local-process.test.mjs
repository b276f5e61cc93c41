// The client of experiment-wasm/evaluate in a process: what it loads and polls, what it leaves behind, and
// how assignments are delivered.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Experiment,
  ExperimentError,
  HttpAssignmentTrackingProvider,
  LocalEvaluationClient,
  LogLevel,
} from 'experiment-wasm/evaluate';
import { startServer } from '../e2e/server.mjs';
import { byKey, flag, flags, local, scripted, timed } from './local.mjs';
import { inNodeProcess } from './node-process.mjs';
import { POISON } from './poison.mjs';

test('flags are loaded with the deployment key and polled, and stay where loading fails', async (t) => {
  const server = await scripted(
    t,
    { body: [flag('first')] },
    { body: [flag('second')] },
    { status: 401 },
    { body: 'no flags' },
  );
  const { client, logged } = local({
    bootstrap: undefined,
    serverUrl: server.serverUrl,
    flagConfigPollingIntervalMillis: 20,
  });
  assert.deepEqual(client.evaluateV2({ user_id: 'u' }), {});
  await client.start();
  assert.deepEqual(Object.keys(client.evaluateV2({ user_id: 'u' })), ['first']);
  await server.heard(4);
  assert.deepEqual(Object.keys(client.evaluateV2({ user_id: 'u' })), ['second']);
  client.stop();
  const [{ method, url, headers }] = server.asked;
  assert.deepEqual([method, url, headers.authorization], ['GET', '/sdk/v2/flags', 'Api-Key server-key']);
  assert.match(headers['x-amp-exp-library'], /^experiment-wasm\//);
  assert.deepEqual(logged[0], [
    'error',
    '[Experiment] the flags could not be loaded; those of before stay',
    'HTTP_STATUS',
  ]);
});

test('after stop nobody is asked, and refresh asks once', () =>
  timed(async (time) => {
    let asked = 0;
    const { client } = local({
      bootstrap: undefined,
      httpClient: { request: async () => ({ status: 200, body: JSON.stringify([flag(`flag-${++asked}`)]) }) },
    });
    await client.start();
    await client.refresh();
    client.stop();
    await time.pass(3_600_000);
    assert.equal(asked, 2);
    assert.deepEqual(Object.keys(client.evaluateV2({ user_id: 'u' })), ['flag-2']);
  }));

test('start rejects when the flags cannot be had in three tries; polling goes on', () =>
  timed(async (time) => {
    const answers = [
      () => Promise.reject(new Error('http://secret')),
      () => {
        throw new Error('secret');
      },
      () => ({ status: 500, body: '' }),
      () => ({ status: 200, body: '[]' }),
    ];
    const asked = [];
    const httpClient = {
      request: async (url, method, headers, data, millis) => (
        asked.push([url, method, millis]), answers.shift()()
      ),
    };
    const { client } = local({ bootstrap: undefined, serverUrl: 'http://flags', httpClient });
    const failure = client.start().then(
      () => assert.fail(),
      (error) => error,
    );
    for (const millis of [0, 500, 1_500]) await time.pass(millis);
    const error = await failure;
    assert.deepEqual(
      [error instanceof ExperimentError, error.code, error.status],
      [true, 'HTTP_STATUS', 500],
    );
    assert.doesNotMatch(`${error.message} ${error.stack}`, /secret|server-key|http:/);
    assert.deepEqual(asked[0], ['http://flags/sdk/v2/flags', 'GET', 10_000]);
    await time.pass(30_000);
    assert.equal(asked.length, 4);
    client.stop();
  }));

test('an answer that does not come is given up after ten seconds', () =>
  timed(async (time) => {
    const { client } = local({ httpClient: { request: () => new Promise(() => {}) } });
    const failure = client.refresh().catch((error) => error.code);
    for (const millis of [10_000, 500, 10_000, 1_500, 10_000]) await time.pass(millis);
    assert.equal(await failure, 'TIMEOUT');
  }));

test('without a key, nobody is asked', async () => {
  const httpClient = { request: () => assert.fail() };
  for (const key of ['', undefined, 5]) {
    const client = new LocalEvaluationClient(key, { httpClient, logLevel: LogLevel.Disable });
    await assert.rejects(client.start(), { code: 'API_KEY_EMPTY' });
  }
});

test('what is no flags, no user and no list is refused, and the next call answers', () => {
  for (const bad of ['', 'no json', '5', 5, true, () => {}])
    assert.throws(() => local({ bootstrap: bad }), { code: 'BAD_ARGUMENT' });
  const { client, tracked } = local();
  const cyclic = {};
  cyclic.self = cyclic;
  for (const bad of [
    undefined,
    null,
    5,
    'user',
    [],
    cyclic,
    {
      toJSON() {
        throw new Error('no');
      },
    },
  ]) {
    assert.throws(
      () => client.evaluateV2(bad),
      (error) => error instanceof ExperimentError && error.code === 'BAD_ARGUMENT',
    );
  }
  for (const bad of [5, 'experiment', {}, [5]])
    assert.throws(() => client.evaluateV2({ user_id: 'u' }, bad), { code: 'BAD_ARGUMENT' });
  assert.equal(tracked.length, 0);
  assert.equal(client.evaluateV2({ user_id: 'u' }).values.key, 'many');
  assert.equal(tracked.length, 1);
  for (const options of [null, 5, 'x', { loggerProvider: 5, httpClient: null, assignmentConfig: 5 }])
    new LocalEvaluationClient('key', options).evaluateV2({ user_id: 'u' });
});

test('initializeLocal answers one client for each name and key', () => {
  const { initializeLocal } = Experiment;
  const client = initializeLocal('key', { bootstrap: flags });
  assert.equal(initializeLocal('key'), client);
  assert.notEqual(initializeLocal('key', { instanceName: 'other' }), client);
  assert.notEqual(initializeLocal('other'), client);
  assert.equal(client.evaluateV2({ user_id: 'u' }).values.key, 'many');
});

test('a trap costs neither flags, nor an assignment under way, nor a promise', async () => {
  const result =
    await inNodeProcess(`${POISON} const { LocalEvaluationClient } = await import('experiment-wasm/evaluate');
    const tracked = []; const answers = []; const logged = [];
    let release;
    const bodies = [new Promise((resolve) => (release = resolve)), ${JSON.stringify(JSON.stringify(flags))}];
    const client = new LocalEvaluationClient('key', {
      bootstrap: ${JSON.stringify(flags)}, loggerProvider: { error: (said) => logged.push(said) },
      httpClient: { request: async () => ({ status: 200, body: await bodies.shift() }) },
      assignmentTrackingProvider: (event) => (tracked.push(event.user_id), new Promise((resolve) => answers.push(resolve))),
    });
    const ask = (user_id) => client.evaluateV2({ user_id }).values.key;
    const started = client.start();
    const before = ask('u');
    poison();
    const after = ask('v');
    answers[0](false);
    release('[]');
    await started;
    await new Promise(setImmediate);
    answers[1](true);
    answers[2](true);
    const last = ask('u');
    client.stop();
    process.on('exit', () => console.log(JSON.stringify([before, after, last, tracked, logged, instances.length])));`);
  assert.deepEqual(result, ['many', 'many', 'many', ['u', 'u', 'v'], [], 2]);
});

test('a process ends while flags are polled, but not before the flags and a refused assignment had their tries', async (t) => {
  const server = await scripted(t, { status: 503 }, { body: [flag('a')] });
  const before = performance.now();
  const result =
    await inNodeProcess(`const { LocalEvaluationClient } = await import('experiment-wasm/evaluate');
    let tries = 0;
    const client = new LocalEvaluationClient('key', { serverUrl: '${server.serverUrl}', assignmentTrackingProvider: () => ++tries > 1 });
    await client.start();
    const variants = client.evaluateV2({ user_id: 'u' });
    process.on('exit', () => console.log(JSON.stringify([Object.keys(variants), tries])));`);
  assert.deepEqual([result, server.asked.length], [[['a'], 2], 2]);
  assert.ok(performance.now() - before < 25_000, 'the next poll is 30 seconds away');
});

test('a hundred thousand users leave no more behind than the cache', async () => {
  const [half, whole] =
    await inNodeProcess(`${POISON} const { LocalEvaluationClient } = await import('experiment-wasm/evaluate');
    const client = new LocalEvaluationClient('key', { bootstrap: ${JSON.stringify([byKey.experiment])}, assignmentConfig: { cacheCapacity: 10_000 }, assignmentTrackingProvider() {} });
    const bytes = () => Object.values(instances[0].exports).find((held) => held instanceof WebAssembly.Memory).buffer.byteLength;
    const sizes = [];
    for (let at = 1; at <= 100_000; at++) {
      client.evaluateV2({ user_id: 'user-' + at });
      if (at % 50_000 === 0) sizes.push(bytes());
    }
    console.log(JSON.stringify(sizes));`);
  assert.equal(whole, half);
  assert.ok(whole < 8 << 20, `${whole} bytes`);
});

test('two processes and a restart tell what counts once, and a server that evaluates itself agrees on its id', async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const user = { user_id: 'two-processes', device_id: 'device', user_properties: { plan: 'member' } };
  const run = () =>
    inNodeProcess(`const { LocalEvaluationClient } = await import('experiment-wasm/evaluate');
    const tracked = [];
    const track = async (event) => {
      tracked.push(event.insert_id);
      const answer = await fetch('${server.origin}/2/httpapi', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ api_key: 'demo-api-key', events: [event] }) });
      return answer.ok;
    };
    const client = new LocalEvaluationClient('server-demo', { serverUrl: '${server.origin}', environmentName: 'demo-server', assignmentTrackingProvider: { track } });
    await client.start();
    for (let at = 0; at < 3; at++) client.evaluateV2(${JSON.stringify(user)});
    process.on('exit', () => console.log(JSON.stringify(tracked)));`);
  const [[first], [second]] = await Promise.all([run(), run()]);
  const third = await run();
  assert.deepEqual([second, third], [first, [first]]);
  const stored = () => server.events({ user_id: user.user_id, event_type: '[Experiment] Assignment' });
  const [event, ...more] = await stored();
  assert.deepEqual([event.insert_id, more], [first, []]);
  const headers = {
    Authorization: 'Api-Key server-demo',
    'X-Amp-Exp-User': Buffer.from(JSON.stringify(user)).toString('base64url'),
  };
  assert.equal((await fetch(`${server.origin}/sdk/v2/vardata`, { headers })).status, 200);
  // The server's own assignment has the same id, and is one of its own: nobody can send one in its place.
  const own = async () =>
    (await stored()).map(({ insert_id, made_by_server }) => [insert_id, made_by_server ?? false]);
  for (let times = 0; times < 50 && (await own()).length < 2; times++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.deepEqual(await own(), [
    [first, false],
    [first, true],
  ]);
  assert.equal(event.event_properties['[Experiment] Environment Name'], 'demo-server');
});

test('without an analytics SDK assignments reach the server, over a trap, before the process ends', async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const logged =
    await inNodeProcess(`${POISON} const { HttpAssignmentTrackingProvider, LocalEvaluationClient } = await import('experiment-wasm/evaluate');
    const logged = [];
    const loggerProvider = { error: (...said) => logged.push(said.map(String)) };
    const assignmentTrackingProvider = new HttpAssignmentTrackingProvider({ apiKey: 'demo-api-key', serverUrl: '${server.origin}/2/httpapi', loggerProvider });
    const client = new LocalEvaluationClient('key', { bootstrap: ${JSON.stringify(flags)}, assignmentTrackingProvider, loggerProvider });
    for (let at = 0; at < 100; at++) {
      client.evaluateV2({ user_id: 'delivered-' + at, device_id: 'device-' + at });
      if (at === 49) poison();
    }
    process.on('exit', () => console.log(JSON.stringify([instances.length, logged])));`);
  assert.deepEqual(logged, [2, []]);
  const events = await server.events({ event_type: '[Experiment] Assignment', limit: 1_000 });
  assert.deepEqual(new Set(events.map(({ device_id }) => device_id)).size, 100);
  assert.equal(events.length, 100);
});

test('a process that ends waits for the first try of what it has to deliver, and not for a server that is down', async (t) => {
  const server = await scripted(t, { status: 503 });
  const before = performance.now();
  const kept =
    await inNodeProcess(`const { HttpAssignmentTrackingProvider, LocalEvaluationClient } = await import('experiment-wasm/evaluate');
    const assignmentTrackingProvider = new HttpAssignmentTrackingProvider({ apiKey: 'key', serverUrl: '${server.serverUrl}' });
    const client = new LocalEvaluationClient('key', { bootstrap: ${JSON.stringify(flags)}, assignmentTrackingProvider });
    client.evaluateV2({ user_id: 'u' });
    console.log(JSON.stringify(client.evaluateV2({ user_id: 'u' }).values.key));`);
  assert.deepEqual([kept, server.asked.map(({ body }) => JSON.parse(body).events.length)], ['many', [1]]);
  assert.ok(performance.now() - before < 20_000);
});

test('an assignment is sent until the server has said what became of it', () =>
  timed(async (time) => {
    const bodies = [];
    const answers = [
      { status: 503, body: '' },
      ({ events }) => ({
        status: 200,
        body: JSON.stringify({
          verdicts: events.map(({ insert_id }, at) => ({ insert_id, verdict: at ? 'rejected' : 'stored' })),
        }),
      }),
    ];
    const httpClient = {
      async request(url, method, headers, body) {
        bodies.push([url, method, headers, JSON.parse(body)]);
        const answer = answers.shift();
        return typeof answer === 'function' ? answer(JSON.parse(body)) : answer;
      },
    };
    const logged = [];
    const loggerProvider = { error: (said, error) => logged.push([said, error.code]) };
    const assignmentTrackingProvider = new HttpAssignmentTrackingProvider({
      apiKey: 'api-key',
      serverUrl: 'http://events',
      httpClient,
      loggerProvider,
    });
    const { client } = local({ assignmentTrackingProvider });
    client.evaluateV2({ user_id: 'a' });
    client.evaluateV2({ user_id: 'b' });
    let isFlushed = false;
    const flushed = assignmentTrackingProvider.flush().then(() => (isFlushed = true));
    await time.pass(0);
    assert.deepEqual([bodies.length, isFlushed], [1, false]);
    await time.pass(1_000);
    await flushed;
    const [[url, method, , body], [, , , again]] = bodies;
    assert.deepEqual(
      [url, method, body.api_key, body.events.map(({ user_id }) => user_id)],
      ['http://events', 'POST', 'api-key', ['a', 'b']],
    );
    assert.deepEqual([again.events, again.client_upload_time > body.client_upload_time], [body.events, true]);
    assert.deepEqual(logged, [['[Experiment] an assignment was given up', 'SERVER_REJECTED']]);
    await assignmentTrackingProvider.flush();
    assignmentTrackingProvider.close();
    assert.equal(bodies.length, 2);
  }));

test('when two thousand wait, a provider has no room, and the client keeps the rest', () =>
  timed(async (time) => {
    let release;
    const answer = new Promise((resolve) => (release = () => resolve({ status: 200, body: '{"code":200}' })));
    const sent = [];
    const httpClient = {
      request: (url, method, headers, body) => (sent.push(...JSON.parse(body).events), answer),
    };
    const provider = new HttpAssignmentTrackingProvider({
      apiKey: 'api-key',
      serverUrl: 'http://events',
      httpClient,
    });
    const { client, logged } = local({ bootstrap: [flag('a')], assignmentTrackingProvider: provider });
    for (let at = 0; at < 2_100; at++) client.evaluateV2({ user_id: `user-${at}` });
    assert.equal(provider.track({ insert_id: 'one more' }), false);
    await time.pass(200);
    release();
    for (let at = 0; at < 200; at++) await time.pass(0);
    await time.pass(1_000);
    await time.pass(200);
    for (let at = 0; at < 200; at++) await time.pass(0);
    assert.deepEqual(
      [sent.length, new Set(sent.map(({ user_id }) => user_id)).size, logged],
      [2_100, 2_100, []],
    );
  }));

test('a provider without a key or an address is a mistake', () => {
  for (const bad of [
    undefined,
    null,
    {},
    { apiKey: 'key' },
    { serverUrl: 'http://events' },
    { apiKey: '', serverUrl: 'http://events' },
    { apiKey: 5, serverUrl: 'http://events' },
  ]) {
    assert.throws(
      () => new HttpAssignmentTrackingProvider(bad),
      (error) => error instanceof ExperimentError && error.code === 'BAD_ARGUMENT',
    );
  }
});
