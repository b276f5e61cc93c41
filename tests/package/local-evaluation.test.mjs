// The client of experiment-wasm/evaluate: what users get, beside the reference's client for Node; what it asks and whom it tells.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { mock, test } from 'node:test';
import reference from '@amplitude/experiment-node-server';
import { evaluate, Experiment, ExperimentError, HttpAssignmentTrackingProvider, LocalEvaluationClient, LogLevel } from 'experiment-wasm/evaluate';
import { startServer } from '../e2e/server.mjs';
import { elsewhere } from './elsewhere.mjs';
import { POISON } from './poison.mjs';

const ofUser = (...selector) => ['context', 'user', ...selector];
const split = (selector, variants) => [
  {
    metadata: { segmentName: 'split' },
    bucket: {
      selector,
      salt: 'salt',
      allocations: [{ range: [0, 80], distributions: variants.map((variant, at) => ({ variant, range: [at * 21474837, (at + 1) * 21474837] })) }],
    },
    variant: 'off',
  },
];
const off = { key: 'off', metadata: { default: true } };
const flags = [
  { key: 'experiment', metadata: { flagVersion: 21, experimentKey: 'exp-1' }, variants: { off, control: { key: 'control', value: 'control' }, treatment: { key: 'treatment', value: 'treatment', payload: { size: [1, 2.5] } } }, segments: split(ofUser('user_id'), ['control', 'treatment']) },
  { key: 'dependent', dependencies: ['experiment'], metadata: { flagVersion: 2 }, variants: { on: { key: 'on' }, off }, segments: [{ conditions: [[{ selector: ['result', 'experiment', 'key'], op: 'is', values: ['treatment'] }]], variant: 'on' }, { variant: 'off' }] },
  { key: 'slots', metadata: { flagType: 'mutual-exclusion-group', flagVersion: 1 }, variants: { 'slot-1': { key: 'slot-1' }, 'slot-2': { key: 'slot-2' }, off }, segments: split(ofUser('device_id'), ['slot-1', 'slot-2']) },
  { key: 'held', metadata: { flagType: 'holdout-group' }, variants: { holdout: { key: 'holdout' }, on: { key: 'on' }, off }, segments: split(ofUser('user_id'), ['holdout', 'on']) },
  { key: 'values', variants: { on: { key: 'on', value: { b: 1.0, a: [true, null, 1e21] } }, many: { key: 'many', value: 5 }, off }, segments: [{ conditions: [[{ selector: ofUser('user_properties', 'plan'), op: 'is', values: ['pro'] }]], variant: 'on' }, { variant: 'many' }] },
  { key: 'group', variants: { on: { key: 'on', value: 'on' }, off }, segments: [{ conditions: [[{ selector: ['context', 'groups', 'org', 'group_properties', 'tier'], op: 'is', values: ['gold'] }]], variant: 'on' }, { variant: 'off' }] },
];
const byKey = Object.fromEntries(flags.map((flag) => [flag.key, flag]));
const users = Array.from({ length: 24 }, (_, at) => ({
  ...(at % 3 && { user_id: `user-${at}` }),
  ...(at % 2 && { device_id: `device-${at}` }),
  ...(!(at % 6) && { device_id: `device-${at}` }),
  user_properties: { plan: at % 4 ? 'pro' : 'free' },
  ...(at % 5 === 0 && { groups: { org: ['acme'] }, group_properties: { org: { acme: { tier: 'gold' } } } }),
}));
const plain = (value) => JSON.parse(JSON.stringify(value));
const flag = (key, variant = 'on') => ({ key, variants: { [variant]: { key: variant } }, segments: [{ variant }] });

/** A client that has the flags, and what it told and logged. */
function local(options = {}) {
  const told = [];
  const logged = [];
  const log = (level) => (...said) => logged.push([level, ...said.map((one) => one.code ?? one)]);
  const loggerProvider = { error: log('error'), warn: log('warn'), info: log('info'), debug: log('debug'), verbose: log('verbose') };
  const client = new LocalEvaluationClient('server-key', { bootstrap: flags, assignmentTrackingProvider: (event) => void told.push(event), loggerProvider, ...options });
  return { client, told, logged };
}

/** A server that answers in turn, the last answer for ever, and what it was asked. */
async function scripted(t, ...answers) {
  const asked = [];
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { status = 200, headers = {}, body } = answers.length > 1 ? answers.shift() : answers[0];
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body ?? ''));
    asked.push({ method: request.method, url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() });
    server.emit('asked');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close() && server.closeAllConnections());
  return {
    asked,
    serverUrl: `http://127.0.0.1:${server.address().port}`,
    async heard(times) {
      while (asked.length < times) await once(server, 'asked');
    },
  };
}

/** Time that only the test moves. */
function clock(now = Date.UTC(2026, 10, 25, 20)) {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now });
  const mono = mock.method(performance, 'now', () => Date.now() - now);
  return {
    /** What is due at the end of it is done, and so is what comes of that at once. */
    async pass(millis) {
      mock.timers.tick(millis);
      await new Promise(setImmediate);
    },
    stop() {
      mono.mock.restore();
      mock.timers.reset();
    },
  };
}

async function timed(play) {
  const time = clock();
  try {
    await play(time);
  } finally {
    time.stop();
  }
}

test('variants are those of the client for Node, default ones and all, and of the flags asked for', async () => {
  const { client } = local();
  const theirs = new reference.LocalEvaluationClient('key', { bootstrap: byKey });
  const seen = new Set();
  for (const user of users) {
    for (const keys of [undefined, ['dependent'], ['values', 'group'], ['unknown'], []]) {
      assert.deepEqual(client.evaluateV2(user, keys), plain(theirs.evaluateV2(plain(user), keys)));
      assert.deepEqual(await client.evaluate(user, keys), plain(await theirs.evaluate(plain(user), keys)));
    }
    for (const [key, variant] of Object.entries(client.evaluateV2(user))) seen.add(`${key} ${variant.key}`);
  }
  assert.equal(seen.size, 15, 'every variant of every flag was met');
});

test('the assignment is that of the client for Node, with the names of the events', async (t) => {
  const server = await scripted(t, { body: { code: 200 } });
  const theirs = new reference.LocalEvaluationClient('key', {
    bootstrap: byKey,
    assignmentConfig: { apiKey: 'api-key', serverUrl: `${server.serverUrl}/2/httpapi`, flushQueueSize: 1, flushIntervalMillis: 1 },
  });
  const { client, told } = local({ environmentName: 'production' });
  for (const user of users) {
    theirs.evaluateV2(plain(user));
    client.evaluateV2(user);
    client.evaluateV2(user);
  }
  await server.heard(1);
  const sent = () => server.asked.flatMap(({ body }) => JSON.parse(body).events);
  while (sent().length < users.length) await server.heard(server.asked.length + 1);
  assert.equal(told.length, users.length);
  const of = (events) => new Map(events.map((event) => [`${event.user_id} ${event.device_id}`, event]));
  const expected = of(sent());
  for (const [id, { event_type, event_properties, user_properties, time, insert_id }] of of(told)) {
    const their = expected.get(id);
    const named = Object.fromEntries(Object.entries(their.event_properties).map(([name, value]) => [`[Experiment] ${name}`, value]));
    assert.deepEqual(event_properties, { ...named, '[Experiment] Environment Name': 'production' });
    assert.deepEqual([event_type, user_properties], [their.event_type, their.user_properties]);
    assert.match(insert_id, /^[0-9a-f]{64}$/);
    assert.ok(Math.abs(Date.now() - time) < 60_000);
  }
});

test('a default variant is told as off whatever its key, and so is none; nobody and nothing are not told', () => {
  const { client, told } = local({
    bootstrap: [{ key: 'named', variants: { control: { key: 'control', metadata: { default: true } } }, segments: [{ variant: 'control' }] }, { key: 'empty', variants: {}, segments: [] }],
  });
  client.evaluateV2({ user_id: 'u' });
  assert.deepEqual(told[0].event_properties, { '[Experiment] named.variant': 'off', '[Experiment] empty.variant': 'off' });
  client.evaluateV2({ user_id: '', user_properties: { plan: 'pro' } });
  client.evaluateV2({ user_id: 'u' }, ['unknown']);
  client.evaluateV2({ user_id: 'u' }, []);
  assert.equal(told.length, 1);
});

test('one assignment per user, result and UTC day', () =>
  timed(async (time) => {
    const { client, told } = local({ bootstrap: [byKey.values] });
    const ask = (plan) => client.evaluateV2({ user_id: 'u', user_properties: { plan } });
    ['pro', 'pro', 'free', 'pro', 'free'].forEach(ask);
    assert.equal(new Set(told.map((event) => event.insert_id)).size, 2);
    await time.pass(4 * 3_600_000 - 1);
    ask('pro');
    assert.equal(told.length, 2);
    await time.pass(1);
    ask('pro');
    ask('pro');
    assert.equal(told.length, 3);
    assert.equal(new Set(told.map((event) => event.insert_id)).size, 3);
  }));

test('the assignments asked about last are remembered, as many as one wants', () => {
  const { client, told } = local({ assignmentConfig: { cacheCapacity: 3 } });
  for (const user_id of ['a', 'b', 'c', 'a', 'd', 'a', 'c', 'd', 'b']) client.evaluateV2({ user_id });
  assert.deepEqual(told.map(({ user_id }) => user_id), ['a', 'b', 'c', 'd', 'b']);
});

test('nobody is evaluated with what another user brought', () => {
  const { client } = local();
  const alone = (user) => evaluate(flags, user, undefined, { trace: false }).variants;
  const key = (variants) => Object.fromEntries(Object.entries(variants).map(([name, variant]) => [name, variant.key]));
  for (let at = 0; at < 500; at++) {
    const user = users[(at * 7) % users.length];
    assert.deepEqual(key(client.evaluateV2(user)), key(alone(user)));
  }
  assert.deepEqual(key(client.evaluateV2({})), key(alone({})));
});

test('a provider that throws, rejects or answers false is told again after 1, 5 and 25 seconds, and harms no call', () =>
  timed(async (time) => {
    for (const refuse of [() => false, () => { throw new Error('no'); }, () => Promise.reject(new Error('no')), async () => false]) {
      const offered = [];
      const { client, logged } = local({ assignmentTrackingProvider: { track: (event) => (offered.push(event), refuse()) } });
      const user = { user_id: 'u' };
      assert.equal(client.evaluateV2(user).values.key, 'many');
      await time.pass(0);
      for (const millis of [1_000, 5_000, 25_000]) {
        const before = offered.length;
        await time.pass(millis - 1);
        assert.equal(offered.length, before);
        await time.pass(1);
        assert.equal(offered.length, before + 1);
      }
      assert.equal(new Set(offered.map((event) => JSON.stringify(event))).size, 1, 'the same event each time');
      assert.deepEqual(logged, [['error', '[Experiment] an assignment was given up', 'PROVIDER_REFUSED']]);
      client.evaluateV2(user);
      assert.equal(offered.length, 5, 'the next evaluation tells it');
    }
  }));

test('a provider may evaluate, and what it does with the event is its own affair', () => {
  const told = [];
  const { client } = local({
    assignmentTrackingProvider(event) {
      told.push(event.user_id);
      event.event_properties = null;
      if (told.length < 5) client.evaluateV2({ user_id: `${event.user_id}+` });
    },
  });
  assert.deepEqual(Object.keys(client.evaluateV2({ user_id: 'u' })), flags.map(({ key }) => key));
  assert.deepEqual(told, ['u', 'u+', 'u++', 'u+++', 'u++++']);
});

test('flags are loaded with the deployment key and polled, and stay where loading fails', async (t) => {
  const server = await scripted(t, { body: [flag('first')] }, { body: [flag('second')] }, { status: 401 }, { body: 'no flags' });
  const { client, logged } = local({ bootstrap: undefined, serverUrl: server.serverUrl, flagConfigPollingIntervalMillis: 20 });
  assert.deepEqual(client.evaluateV2({ user_id: 'u' }), {});
  await client.start();
  assert.deepEqual(Object.keys(client.evaluateV2({ user_id: 'u' })), ['first']);
  await server.heard(4);
  assert.deepEqual(Object.keys(client.evaluateV2({ user_id: 'u' })), ['second']);
  client.stop();
  const [{ method, url, headers }] = server.asked;
  assert.deepEqual([method, url, headers.authorization], ['GET', '/sdk/v2/flags', 'Api-Key server-key']);
  assert.match(headers['x-amp-exp-library'], /^experiment-wasm\//);
  assert.deepEqual(logged[0], ['error', '[Experiment] the flags could not be loaded; those of before stay', 'HTTP_STATUS']);
});

test('after stop nobody is asked, and refresh asks once', () =>
  timed(async (time) => {
    let asked = 0;
    const { client } = local({ bootstrap: undefined, httpClient: { request: async () => ({ status: 200, body: JSON.stringify([flag(`flag-${++asked}`)]) }) } });
    await client.start();
    await client.refresh();
    client.stop();
    await time.pass(3_600_000);
    assert.equal(asked, 2);
    assert.deepEqual(Object.keys(client.evaluateV2({ user_id: 'u' })), ['flag-2']);
  }));

test('start rejects when the flags cannot be had in three tries; polling goes on', () =>
  timed(async (time) => {
    const answers = [() => Promise.reject(new Error('http://secret')), () => { throw new Error('secret'); }, () => ({ status: 500, body: '' }), () => ({ status: 200, body: '[]' })];
    const asked = [];
    const httpClient = { request: async (url, method, headers, data, millis) => (asked.push([url, method, millis]), answers.shift()()) };
    const { client } = local({ bootstrap: undefined, serverUrl: 'http://flags', httpClient });
    const failure = client.start().then(() => assert.fail(), (error) => error);
    for (const millis of [0, 500, 1_500]) await time.pass(millis);
    const error = await failure;
    assert.deepEqual([error instanceof ExperimentError, error.code, error.status], [true, 'HTTP_STATUS', 500]);
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
  for (const bad of ['', 'no json', '5', 5, true, () => {}]) assert.throws(() => local({ bootstrap: bad }), { code: 'BAD_ARGUMENT' });
  const { client, told } = local();
  const cyclic = {};
  cyclic.self = cyclic;
  for (const bad of [undefined, null, 5, 'user', [], cyclic, { toJSON() { throw new Error('no'); } }]) {
    assert.throws(() => client.evaluateV2(bad), (error) => error instanceof ExperimentError && error.code === 'BAD_ARGUMENT');
  }
  for (const bad of [5, 'experiment', {}, [5]]) assert.throws(() => client.evaluateV2({ user_id: 'u' }, bad), { code: 'BAD_ARGUMENT' });
  assert.equal(told.length, 0);
  assert.equal(client.evaluateV2({ user_id: 'u' }).values.key, 'many');
  assert.equal(told.length, 1);
  for (const options of [null, 5, 'x', { loggerProvider: 5, httpClient: null, assignmentConfig: 5 }]) new LocalEvaluationClient('key', options).evaluateV2({ user_id: 'u' });
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
  const result = await elsewhere(`${POISON} const { LocalEvaluationClient } = await import('experiment-wasm/evaluate');
    const told = []; const answers = []; const logged = [];
    let release;
    const bodies = [new Promise((resolve) => (release = resolve)), ${JSON.stringify(JSON.stringify(flags))}];
    const client = new LocalEvaluationClient('key', {
      bootstrap: ${JSON.stringify(flags)}, loggerProvider: { error: (said) => logged.push(said) },
      httpClient: { request: async () => ({ status: 200, body: await bodies.shift() }) },
      assignmentTrackingProvider: (event) => (told.push(event.user_id), new Promise((resolve) => answers.push(resolve))),
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
    process.on('exit', () => console.log(JSON.stringify([before, after, last, told, logged, instances.length])));`);
  assert.deepEqual(result, ['many', 'many', 'many', ['u', 'u', 'v'], [], 2]);
});

test('a process ends while flags are polled, but not before the flags and a refused assignment had their tries', async (t) => {
  const server = await scripted(t, { status: 503 }, { body: [flag('a')] });
  const before = performance.now();
  const result = await elsewhere(`const { LocalEvaluationClient } = await import('experiment-wasm/evaluate');
    let tries = 0;
    const client = new LocalEvaluationClient('key', { serverUrl: '${server.serverUrl}', assignmentTrackingProvider: () => ++tries > 1 });
    await client.start();
    const variants = client.evaluateV2({ user_id: 'u' });
    process.on('exit', () => console.log(JSON.stringify([Object.keys(variants), tries])));`);
  assert.deepEqual([result, server.asked.length], [[['a'], 2], 2]);
  assert.ok(performance.now() - before < 25_000, 'the next poll is 30 seconds away');
});

test('a hundred thousand users leave no more behind than the cache', async () => {
  const [half, whole] = await elsewhere(`${POISON} const { LocalEvaluationClient } = await import('experiment-wasm/evaluate');
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

test('two processes and a restart tell what counts once, and a server that evaluates itself agrees', async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const user = { user_id: 'two-processes', device_id: 'device', user_properties: { plan: 'member' } };
  const run = () => elsewhere(`const { LocalEvaluationClient } = await import('experiment-wasm/evaluate');
    const told = [];
    const track = async (event) => {
      told.push(event.insert_id);
      const answer = await fetch('${server.origin}/2/httpapi', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ api_key: 'demo-api-key', events: [event] }) });
      return answer.ok;
    };
    const client = new LocalEvaluationClient('server-demo', { serverUrl: '${server.origin}', environmentName: 'demo-server', assignmentTrackingProvider: { track } });
    await client.start();
    for (let at = 0; at < 3; at++) client.evaluateV2(${JSON.stringify(user)});
    process.on('exit', () => console.log(JSON.stringify(told)));`);
  const [[first], [second]] = await Promise.all([run(), run()]);
  const third = await run();
  assert.deepEqual([second, third], [first, [first]]);
  const stored = () => server.events({ user_id: user.user_id, event_type: '[Experiment] Assignment' });
  const [event, ...more] = await stored();
  assert.deepEqual([event.insert_id, more], [first, []]);
  const headers = { Authorization: 'Api-Key server-demo', 'X-Amp-Exp-User': Buffer.from(JSON.stringify(user)).toString('base64url') };
  assert.equal((await fetch(`${server.origin}/sdk/v2/vardata`, { headers })).status, 200);
  assert.deepEqual((await stored()).map(({ insert_id }) => insert_id), [first]);
  assert.equal(event.event_properties['[Experiment] Environment Name'], 'demo-server');
});

test('without an analytics SDK assignments reach the server, over a trap, before the process ends', async (t) => {
  const server = await startServer();
  t.after(() => server.stop());
  const logged = await elsewhere(`${POISON} const { HttpAssignmentTrackingProvider, LocalEvaluationClient } = await import('experiment-wasm/evaluate');
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
  const kept = await elsewhere(`const { HttpAssignmentTrackingProvider, LocalEvaluationClient } = await import('experiment-wasm/evaluate');
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
    const answers = [{ status: 503, body: '' }, ({ events }) => ({ status: 200, body: JSON.stringify({ verdicts: events.map(({ insert_id }, at) => ({ insert_id, verdict: at ? 'rejected' : 'stored' })) }) })];
    const httpClient = {
      async request(url, method, headers, body) {
        bodies.push([url, method, headers, JSON.parse(body)]);
        const answer = answers.shift();
        return typeof answer === 'function' ? answer(JSON.parse(body)) : answer;
      },
    };
    const logged = [];
    const loggerProvider = { error: (said, error) => logged.push([said, error.code]) };
    const assignmentTrackingProvider = new HttpAssignmentTrackingProvider({ apiKey: 'api-key', serverUrl: 'http://events', httpClient, loggerProvider });
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
    assert.deepEqual([url, method, body.api_key, body.events.map(({ user_id }) => user_id)], ['http://events', 'POST', 'api-key', ['a', 'b']]);
    assert.deepEqual(again, body);
    assert.deepEqual(logged, [['[Experiment] an assignment was given up', 'SERVER_REJECTED']]);
    await assignmentTrackingProvider.flush();
    assignmentTrackingProvider.close();
    assert.equal(bodies.length, 2);
  }));

test('when two thousand wait, a provider has no room, and the client keeps the rest', () =>
  timed(async (time) => {
    let release;
    const answer = new Promise((resolve) => (release = () => resolve({ status: 200, body: '' })));
    const sent = [];
    const httpClient = { request: (url, method, headers, body) => (sent.push(...JSON.parse(body).events), answer) };
    const provider = new HttpAssignmentTrackingProvider({ apiKey: 'api-key', serverUrl: 'http://events', httpClient });
    const { client, logged } = local({ bootstrap: [flag('a')], assignmentTrackingProvider: provider });
    for (let at = 0; at < 2_100; at++) client.evaluateV2({ user_id: `user-${at}` });
    assert.equal(provider.track({ insert_id: 'one more' }), false);
    await time.pass(200);
    release();
    for (let at = 0; at < 200; at++) await time.pass(0);
    await time.pass(1_000);
    await time.pass(200);
    for (let at = 0; at < 200; at++) await time.pass(0);
    assert.deepEqual([sent.length, new Set(sent.map(({ user_id }) => user_id)).size, logged], [2_100, 2_100, []]);
  }));

test('a provider without a key or an address is a mistake', () => {
  for (const bad of [undefined, null, {}, { apiKey: 'key' }, { serverUrl: 'http://events' }, { apiKey: '', serverUrl: 'http://events' }, { apiKey: 5, serverUrl: 'http://events' }]) {
    assert.throws(() => new HttpAssignmentTrackingProvider(bad), (error) => error instanceof ExperimentError && error.code === 'BAD_ARGUMENT');
  }
});
