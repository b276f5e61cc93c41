// The TypeScript client in front of the core: answers that are cached, arguments that cannot be used, and one
// client per name.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { Experiment, ExperimentError, HttpExposureTrackingProvider, LogLevel } from 'experiment-wasm';
import { inNodeProcess } from './node-process.mjs';
import { assigned, localFlag, nextRun, visitor } from './visitor.mjs';

const VARDATA = '/sdk/v2/vardata';

test('the same object is answered while the answer holds, over runs, whatever the fallback', async () => {
  const { client } = visitor({}, { [VARDATA]: { flag: assigned('on') } });
  await client.fetch({ user_id: 'u' });
  const first = client.variant('flag');
  assert.deepEqual(first, { key: 'on', value: 'on' });
  await nextRun();
  assert.equal(client.variant('flag', 'other'), first);
  await client.fetch();
  assert.notEqual(client.variant('flag'), first);
});

test('an answer that depends on the fallback is not kept', () => {
  const { client } = visitor();
  assert.deepEqual(client.variant('flag', 'a'), { key: 'a', value: 'a' });
  assert.deepEqual(client.variant('flag', 'b'), { key: 'b', value: 'b' });
  assert.deepEqual(client.variant('flag'), {});
});

test('a fallback, an unknown flag, a peek and a web experiment are one object too, as long as the answer holds', async () => {
  const web = assigned('on', { metadata: { deliveryMethod: 'web' } });
  const { client } = visitor(
    { initialFlags: JSON.stringify([localFlag('local')]) },
    { [VARDATA]: { flag: assigned('on'), web } },
  );
  await client.fetch({ user_id: 'u' });
  const asks = [
    ['none'],
    ['none', 'control'],
    ['none', 'treatment'],
    ['none', { value: 'mine' }],
    ['local'],
    ['local', 'control'],
    ['flag', undefined, { expose: false }],
    ['web'],
  ];
  const snapshots = () => asks.map((ask) => client.variant(...ask));
  // What useSyncExternalStore of React asks for: renders again and again while two snapshots in a row are two
  // objects.
  const rendered = () => {
    let [last, times] = [[], 0];
    for (; times < 50; times++) {
      const next = snapshots();
      if (next.every((one, at) => Object.is(one, last[at]))) return times;
      last = next;
    }
    return times;
  };
  assert.equal(rendered(), 1);
  const before = snapshots();
  await nextRun();
  snapshots().forEach((one, at) => assert.equal(one, before[at], String(asks[at])));
  assert.equal(client.variant('flag'), before[6], 'looked at and met it is one');
  client.variant('none', 'control').value = 'mine';
  client.setUser({ user_id: 'u', user_properties: { plan: 'pro' } });
  assert.equal(client.variant('none', 'control').value, 'control');
  assert.notEqual(client.variant('local', 'control'), before[5]);
});

test('any number of fallbacks is remembered within bounds, and each is answered', () => {
  const { client } = visitor();
  for (let at = 0; at < 5_000; at++)
    assert.equal(client.variant('none', `fallback ${at}`).key, `fallback ${at}`);
  const last = client.variant('none', 'fallback 4999');
  assert.equal(client.variant('none', 'fallback 4999'), last);
});

test('a fallback comes back as the object it is', () => {
  const { client } = visitor();
  const fallback = { value: 'on', payload: new Map() };
  assert.equal(client.variant('flag', fallback), fallback);
});

test('changing an answer changes nothing but what the caller sees', async () => {
  const { client, tracked } = visitor({}, { [VARDATA]: { flag: assigned('on') } });
  await client.fetch({ user_id: 'u' });
  client.variant('flag').value = 'mine';
  client.setUser({ user_id: 'u', user_properties: { a: 1 } });
  assert.equal(client.variant('flag').value, 'on');
  assert.deepEqual(
    tracked.map(({ exposure }) => exposure.variant),
    ['on'],
  );
});

test('changing what all() answered changes nothing for the next who asks', () => {
  const payload = { list: [{ a: 1 }], none: null };
  const flag = {
    ...localFlag('flag'),
    variants: { on: { key: 'on', value: 'on', payload }, off: { key: 'off' } },
  };
  const { client } = visitor({
    initialFlags: JSON.stringify([flag]),
    initialVariants: { other: { value: 'o', payload } },
  });
  for (const user_id of ['u', 'u', 'v']) {
    client.setUser({ user_id, user_properties: { plan: 'pro' } });
    const { flag, other } = client.all();
    assert.deepEqual([flag.value, flag.payload, other.payload], ['on', payload, payload]);
    flag.value = flag.payload.list[0].a = other.payload.list[0].a = 'mine';
    flag.metadata.mine = true;
    assert.equal(client.all().flag.metadata.mine, undefined);
  }
});

test('all() answers what variant() answers, for every user, before and after flags change', async () => {
  const flags = (more) =>
    ['flag', '__proto__', 'constructor', 'last'].map((key) => ({ ...localFlag(key), ...more }));
  const { client, answers } = visitor(
    { initialVariants: { flag: 'initial', only: 'initial' } },
    { '/sdk/v2/flags': flags() },
  );
  const check = (expected) => {
    for (const plan of ['pro', 'free', 'pro']) {
      client.setUser({ user_id: plan, user_properties: { plan } });
      const all = Object.entries(client.all()).map(([key, variant]) => [key, variant.key]);
      assert.deepEqual(
        all,
        ['flag', 'only', '__proto__', 'constructor', 'last'].map((key) => [
          key,
          key === 'only' ? 'initial' : expected[plan],
        ]),
      );
    }
  };
  await client.start();
  check({ pro: 'on', free: 'off' });
  answers['/sdk/v2/flags'] = flags({ variants: { on: { key: 'new' }, off: { key: 'old' } } });
  client.stop();
  await client.start();
  check({ pro: 'new', free: 'old' });
});

test('a default is kept for those who give no fallback', () => {
  const { client } = visitor({ initialFlags: JSON.stringify([localFlag('flag')]) });
  client.setUser({ user_id: 'u' });
  const first = client.variant('flag');
  assert.deepEqual(
    [first.key, client.variant('flag', 'mine').key, client.variant('flag')],
    ['off', 'mine', first],
  );
  assert.equal(client.variant('flag'), first);
  client.setUser({ user_id: 'u', user_properties: { plan: 'pro' } });
  assert.equal(client.variant('flag').key, 'on');
});

test('somebody else is not served the kept answer, in the same run', async () => {
  const { client } = visitor({}, { [VARDATA]: { flag: assigned('on') } });
  await client.fetch({ user_id: 'a' });
  assert.equal(client.variant('flag').value, 'on');
  client.setUser({ user_id: 'b' });
  assert.deepEqual(client.variant('flag'), {});
});

test('clear forgets at once', async () => {
  const { client } = visitor({}, { [VARDATA]: { flag: assigned('on') } });
  await client.fetch({ user_id: 'a' });
  assert.equal(client.variant('flag').value, 'on');
  client.clear();
  assert.deepEqual(client.variant('flag'), {});
});

test('the user provider is asked once per run, and what it says anew holds from the next run on', async () => {
  let plan = 'free';
  let calls = 0;
  const userProvider = { getUser: () => (calls++, { user_id: 'u', user_properties: { plan } }) };
  const { client } = visitor({ userProvider, initialFlags: JSON.stringify([localFlag('flag')]) });
  await nextRun();
  calls = 0;
  const before = client.variant('flag');
  plan = 'pro';
  for (let i = 0; i < 5; i++) assert.deepEqual(client.variant('flag'), before);
  assert.equal(calls, 1);
  await nextRun();
  assert.deepEqual([client.variant('flag').value, calls], ['on', 2]);
});

test('a user provider that is set later holds at once', () => {
  const { client } = visitor({ initialFlags: JSON.stringify([localFlag('flag')]) });
  assert.notEqual(client.variant('flag').value, 'on');
  const provider = { getUser: () => ({ user_properties: { plan: 'pro' } }) };
  assert.equal(client.setUserProvider(provider), client);
  assert.equal(client.getUserProvider(), provider);
  assert.equal(client.variant('flag').value, 'on');
});

test('a kept answer is exposed once, and again for the next user who gets it', async () => {
  const { client, tracked } = visitor(
    {},
    { [VARDATA]: { flag: assigned('on', { metadata: { experimentKey: 'exp-1' } }) } },
  );
  await client.fetch({ user_id: 'a' });
  for (let i = 0; i < 3; i++) client.variant('flag');
  await nextRun();
  client.variant('flag');
  await client.fetch({ user_id: 'b' });
  client.variant('flag');
  assert.deepEqual(
    tracked.map(({ event }) => [event.user_id, event.event_properties.variant]),
    [
      ['a', 'on'],
      ['b', 'on'],
    ],
  );
  const { exposure, event } = tracked[0];
  assert.deepEqual(exposure, {
    flag_key: 'flag',
    variant: 'on',
    experiment_key: 'exp-1',
    metadata: { experimentKey: 'exp-1' },
  });
  assert.equal(event.event_type, '$exposure');
  assert.match(event.insert_id, /^[0-9a-f]{64}$/);
});

test('without automatic tracking only exposure() tells', async () => {
  const { client, tracked } = visitor(
    { automaticExposureTracking: false },
    { [VARDATA]: { flag: assigned('on') } },
  );
  await client.fetch({ user_id: 'a' });
  client.variant('flag');
  assert.equal(tracked.length, 0);
  client.exposure('flag');
  client.exposure('flag');
  assert.equal(tracked.length, 1);
});

test('a provider may be a function, may throw, and may call back', async () => {
  const seen = new Map();
  const answers = { [VARDATA]: { flag: assigned('on'), other: assigned('on') } };
  const { client } = visitor(
    { exposureTrackingProvider: ({ flag_key }) => void seen.set(flag_key, client.variant('other').value) },
    answers,
  );
  await client.fetch({ user_id: 'a' });
  assert.equal(client.variant('flag').value, 'on');
  assert.deepEqual(Object.fromEntries(seen), { flag: 'on', other: 'on' });
  const broken = visitor(
    {
      exposureTrackingProvider: {
        track() {
          throw new Error('no');
        },
      },
    },
    answers,
  );
  await broken.client.fetch({ user_id: 'a' });
  assert.equal(broken.client.variant('flag').value, 'on');
  broken.client.close();
});

test('a provider that changes the user while an answer is made gets no stale answer kept', async () => {
  const answers = { [VARDATA]: { flag: assigned('on') } };
  const { client } = visitor(
    { exposureTrackingProvider: { track: () => client.setUser({ user_id: 'b' }) } },
    answers,
  );
  await client.fetch({ user_id: 'a' });
  assert.equal(client.variant('flag').value, 'on');
  assert.deepEqual(client.variant('flag'), {});
});

const cyclic = {};
cyclic.self = cyclic;
const hostile = new Proxy(
  {},
  {
    get() {
      throw new Error('get');
    },
    ownKeys() {
      throw new Error('keys');
    },
  },
);
const BAD = [
  undefined,
  null,
  0,
  -1,
  NaN,
  true,
  10n,
  '',
  'text',
  [],
  {},
  cyclic,
  hostile,
  Symbol('s'),
  () => 1,
  new Date(NaN),
  {
    get user_id() {
      throw new Error('getter');
    },
  },
  { user_id: 5 },
  { user_properties: cyclic },
  Object.freeze({ user_id: 'f' }),
  '"',
  '\ud800',
];

test('no method throws, whatever it is given, and the client still answers', async (t) => {
  t.mock.method(console, 'error', () => {});
  for (const config of BAD) Experiment.initialize('key', config).close();
  for (const key of BAD) Experiment.initialize(key).close();
  const { client, logged } = visitor({}, { [VARDATA]: { flag: assigned('on') } });
  for (const bad of BAD) {
    assert.equal(typeof client.variant(bad), 'object');
    assert.deepEqual(client.variant(bad, 'safe'), { key: 'safe', value: 'safe' });
    assert.equal(typeof client.variant('none', bad), 'object');
    assert.equal(client.exposure(bad), undefined);
    client.setUser(bad);
    client.getUser();
    client.all();
    await client.setTracksAssignment(bad);
    assert.equal(await client.fetch(bad, bad), client);
  }
  await client.fetch({ user_id: 'u' });
  assert.equal(client.variant('flag').value, 'on');
  const sentences = logged.map(([, sentence]) => sentence);
  assert.deepEqual(
    sentences.filter((sentence, at) => sentences.indexOf(sentence) !== at),
    [],
    'each once',
  );
  assert.ok(logged.every(([, , error]) => error instanceof ExperimentError && error.code === 'BAD_ARGUMENT'));
  client.close();
});

test('one property that JSON cannot hold does not cost the user', async () => {
  const { client, logged } = visitor();
  client.setUser({ user_id: 'u', user_properties: { seats: 3, big: 10n, tags: ['a', 10n] } });
  assert.deepEqual(client.getUser(), { user_id: 'u', user_properties: { seats: 3, tags: ['a'] } });
  assert.deepEqual(
    logged.map(([, , { field }]) => field),
    ['user.user_properties.big', 'user.user_properties.tags.1'],
  );
});

test('a key that is not well formed, begins with a quote or names an object method is a key like others', () => {
  const keys = ['\ud83d', '"quoted"', '"', '\\', 'é', '__proto__', 'constructor', 'toString'];
  const none = visitor().client;
  const { client } = visitor({
    initialVariants: Object.fromEntries(keys.map((key) => [key, { value: `of ${key}` }])),
  });
  for (const key of keys) {
    assert.equal(client.variant(key).value, `of ${key}`);
    assert.deepEqual(none.variant(key), {});
  }
});

test('fetch and start reject with an ExperimentError when throwOnError is set, and only then', async () => {
  const { client } = visitor({ throwOnError: true }, { [VARDATA]: 500 });
  const refused = { name: 'ExperimentError', code: 'HTTP_STATUS', status: 500 };
  for (const promise of [client.fetch({ user_id: 'u' }), client.start({ user_id: 'u' })]) {
    await assert.rejects(
      promise,
      (error) =>
        error instanceof ExperimentError &&
        Object.entries(refused).every(([name, value]) => error[name] === value),
    );
  }
  const quiet = visitor({}, { [VARDATA]: 500 });
  assert.equal(await quiet.client.fetch({ user_id: 'u' }), quiet.client);
});

test('the logger hears up to its level, and may throw', async () => {
  const hears = (options) => {
    const { client, logged } = visitor(options);
    client.variant(5);
    return logged.some(([level]) => level === 'error');
  };
  assert.deepEqual(
    [hears({}), hears({ logLevel: LogLevel.Disable }), hears({ logLevel: LogLevel.Disable, debug: true })],
    [true, false, true],
  );
  const { client } = visitor({
    loggerProvider: {
      error() {
        throw new Error('no');
      },
    },
  });
  assert.deepEqual(client.variant(5, 'safe'), { key: 'safe', value: 'safe' });
});

test('the same name and key are the same client, others are others', () => {
  const client = Experiment.initialize('a');
  assert.equal(Experiment.initialize('a', { fallbackVariant: 'later' }), client);
  assert.notEqual(Experiment.initialize('b'), client);
  assert.notEqual(Experiment.initialize('a', { instanceName: 'other' }), client);
  client.close();
  assert.notEqual(Experiment.initialize('a'), client);
});

test('a second copy of the package finds the clients of the first', () => {
  const copy = createRequire(import.meta.url)('experiment-wasm');
  const client = Experiment.initialize('shared');
  assert.equal(copy.Experiment.initialize('shared'), client);
  assert.equal(globalThis.experimentInstances['$default_instance.shared'], client);
});

test('a client of another package in the register is left alone', () => {
  const theirs = { variant: () => 'theirs' };
  globalThis.experimentInstances['$default_instance.theirs'] = theirs;
  const client = Experiment.initialize('theirs');
  assert.notEqual(client, theirs);
  assert.equal(Experiment.initialize('theirs'), client);
  assert.equal(globalThis.experimentInstances['$default_instance.theirs'], theirs);
});

test('a client outlives a register that somebody else wiped', () => {
  const client = Experiment.initialize('wiped');
  globalThis.experimentInstances = {};
  assert.equal(Experiment.initialize('wiped'), client);
});

test('the delivery says what it needs', () => {
  for (const options of [
    undefined,
    null,
    {},
    { apiKey: 'k' },
    { serverUrl: 'u' },
    { apiKey: 5, serverUrl: 'u' },
    { apiKey: '', serverUrl: 'u' },
  ]) {
    assert.throws(() => new HttpExposureTrackingProvider(options), {
      name: 'ExperimentError',
      code: 'BAD_ARGUMENT',
    });
  }
  const provider = new HttpExposureTrackingProvider({ apiKey: 'k', serverUrl: 'http://127.0.0.1:1/' });
  assert.equal(provider.dedupScope, 'day');
  assert.equal(provider.track({ flag_key: 'flag' }), false, 'without the event there is no identity to send');
  provider.close();
});

for (const end of ['stop()', 'close()']) {
  test(`after ${end} nothing keeps the process alive: polling has ended`, async () => {
    const answer = await inNodeProcess(`const { Experiment } = await import('experiment-wasm');
      const client = Experiment.initialize('key', { httpClient: { request: async (url) => ({ status: 200, body: url.includes('flags') ? '[]' : '{}' }) } });
      await client.start();
      client.${end};
      console.log(JSON.stringify(client.variant('flag', 'off').value));`);
    assert.equal(answer, 'off');
  });
}

test('a closed client answers what it knows, and asks and tells nobody', async () => {
  const { client, tracked, asked } = visitor({}, { [VARDATA]: { a: assigned('on'), b: assigned('on') } });
  await client.fetch({ user_id: 'u' });
  client.variant('a');
  const before = asked.length;
  client.close();
  assert.deepEqual(
    [client.variant('a').key, client.variant('b').key, client.variant('c', 'off').key],
    ['on', 'on', 'off'],
  );
  await client.fetch();
  assert.deepEqual(Object.keys(client.all()), ['a', 'b']);
  // Without a user, nobody is there from then on.
  await client.start();
  assert.deepEqual([asked.length - before, tracked.length, Object.keys(client.all())], [0, 1, []]);
});

test('a closed client is let go, with the part of it that lives in wasm', async () => {
  const answer = await inNodeProcess(`import { setFlagsFromString } from 'node:v8';
    import { runInNewContext } from 'node:vm';
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc');
    const { Experiment } = await import('experiment-wasm');
    const provider = { track() {} };
    const flags = JSON.stringify([{ key: 'flag', segments: [{ variant: 'on' }], variants: { on: { key: 'on' } } }]);
    const made = (at) => {
      const client = Experiment.initialize('key', { instanceName: 'n' + at, exposureTrackingProvider: provider, initialFlags: flags });
      client.setUser({ user_id: 'u' });
      client.variant('flag');
      client.close();
      return new WeakRef(client);
    };
    const clients = Array.from({ length: 50 }, (_, at) => made(at));
    let alive = 50;
    for (let round = 0; round < 20 && alive; round++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      collect();
      alive = clients.filter((client) => client.deref()).length;
    }
    console.log(JSON.stringify(alive));`);
  assert.equal(answer, 0);
});

test('after close() a delivery and a refusing provider keep nothing alive either', async () => {
  const answer =
    await inNodeProcess(`const { Experiment, HttpExposureTrackingProvider } = await import('experiment-wasm');
    const quiet = { error() {}, warn() {}, info() {}, debug() {}, verbose() {} };
    const http = new HttpExposureTrackingProvider({ apiKey: 'k', serverUrl: 'http://127.0.0.1:1/', loggerProvider: quiet });
    const tracked = [];
    const options = { source: 'initialVariants', initialVariants: { flag: 'on' }, loggerProvider: quiet };
    const clients = [http, { track: () => (tracked.push(1), false) }].map((exposureTrackingProvider, at) => Experiment.initialize('key' + at, { ...options, exposureTrackingProvider }));
    for (const client of clients) { client.setUser({ user_id: 'u' }); client.variant('flag'); }
    await new Promise(setImmediate);
    [...clients, http].forEach((held) => held.close());
    console.log(JSON.stringify(tracked.length));`);
  assert.equal(answer, 1);
});
