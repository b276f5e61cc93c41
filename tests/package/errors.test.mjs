// Errors that a page gets: the field that cannot be used, what was thrown in place of an answer; and no
// request to an empty address.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConsentStatus, ExperimentError, HttpExposureTrackingProvider, LogLevel } from 'experiment-wasm';
import {
  evaluate,
  HttpAssignmentTrackingProvider,
  Experiment as Local,
  LocalEvaluationClient,
} from 'experiment-wasm/evaluate';
import { local } from './local.mjs';
import { assigned, nextRun, visitor } from './visitor.mjs';

const VARDATA = '/sdk/v2/vardata';
const userOf = ({ headers }) => JSON.parse(Buffer.from(headers['X-Amp-Exp-User'], 'base64url'));
const fieldsOf = (logged) =>
  logged.filter(([level]) => level === 'error').map(([, , error]) => [error.code, error.field]);

/** A client that hears its errors. */
function listening(options, answers) {
  const made = visitor(options, answers);
  const heard = [];
  made.client.on('error', (error) => heard.push(error));
  return { ...made, heard };
}

test('a number is sent as it was given, and is its text to whom variants and exposures belong', async () => {
  const { client, asked, tracked, heard } = listening({}, { [VARDATA]: { flag: assigned('on') } });
  await client.fetch({ user_id: 1, device_id: 1e21 });
  assert.equal(client.variant('flag').key, 'on');
  const { user_id, device_id } = userOf(asked[0]);
  assert.deepEqual([user_id, device_id, client.getUser().user_id], [1, 1e21, 1]);
  client.setUser({ user_id: 2 });
  assert.deepEqual(client.variant('flag'), {});
  client.setUser({ user_id: '1' });
  assert.equal(client.variant('flag').key, 'on');
  assert.deepEqual([tracked[0].event.user_id, tracked[0].event.device_id], ['1', '1e+21']);
  assert.deepEqual(heard, []);
});

test('an id that is neither text nor number counts as absent, whoever says it, and its field is said once', async () => {
  for (const odd of [true, {}, [], ['u']]) {
    const userProvider = { getUser: () => ({ device_id: odd }) };
    const { client, asked, tracked, heard, logged } = listening(
      { userProvider },
      { [VARDATA]: { flag: assigned('on') } },
    );
    for (let i = 0; i < 2; i++) await client.fetch({ user_id: odd, country: 'DE' });
    client.variant('flag');
    assert.deepEqual(
      [tracked[0].event.user_id, tracked[0].event.device_id, userOf(asked[0]).country],
      [undefined, undefined, 'DE'],
    );
    await nextRun();
    const fields = [
      ['BAD_ARGUMENT', 'user.device_id'],
      ['BAD_ARGUMENT', 'user.user_id'],
    ];
    assert.deepEqual(
      [heard.map(({ code, field }) => [code, field]).sort(), fieldsOf(logged).sort()],
      [fields, fields],
    );
    assert.ok(
      heard.every((error) => error instanceof ExperimentError && error.message.includes(error.field)),
    );
  }
});

test('a plugin that says an odd id harms nobody, and its field is said', async () => {
  const { client, heard } = listening();
  client.addPlugin({ type: 'integration', getUser: () => ({ user_id: { id: 1 } }), track: () => true });
  await client.fetch({ device_id: 'd' });
  assert.deepEqual(
    heard.map(({ field }) => field),
    ['user.user_id'],
  );
});

test('the field that cannot be written is named with its whole path: a cycle, a BigInt, a getter and a toJSON that throw', () => {
  const cyclic = { plan: 'pro' };
  cyclic.self = cyclic;
  const odd = {
    user_id: 'u',
    user_properties: {
      cyclic,
      big: 10n,
      get thrown() {
        throw new Error('getter');
      },
      json: {
        a: 1,
        toJSON() {
          throw new Error('json');
        },
      },
      tags: ['a', 2n],
      seats: 3,
    },
  };
  const { client, heard } = listening();
  client.setUser(odd);
  assert.deepEqual(
    heard.map(({ field }) => field),
    ['cyclic.self', 'big', 'thrown', 'json', 'tags.1'].map((name) => `user.user_properties.${name}`),
  );
  assert.deepEqual(
    [heard[1].cause.name, heard[2].cause.message, heard[3].cause.message],
    ['TypeError', 'getter', 'json'],
  );
  assert.deepEqual(client.getUser(), {
    user_id: 'u',
    user_properties: { cyclic: { plan: 'pro' }, json: { a: 1 }, tags: ['a'], seats: 3 },
  });
});

test('any number of fields is complained of a hundred times at most', () => {
  const { client, logged } = visitor();
  client.setUser({
    user_id: 'u',
    user_properties: Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`p${at}`, 1n])),
  });
  assert.equal(logged.length, 100);
});

for (const how of ['throws', 'rejects']) {
  test(`what an HTTP client ${how} is the cause of the error, for who waits and for who listens`, async () => {
    const thrown = new Error('no route');
    const httpClient = {
      request:
        how === 'throws'
          ? () => {
              throw thrown;
            }
          : () => Promise.reject(thrown),
    };
    const { client, heard } = listening({ httpClient });
    await client.fetch({ user_id: 'u' });
    assert.deepEqual(
      heard.map(({ code, cause }) => [code, cause]),
      [['NETWORK', thrown]],
    );
    const strict = visitor({ httpClient, throwOnError: true }).client;
    for (const promise of [strict.fetch({ user_id: 'u' }), strict.start({ user_id: 'u' })])
      await assert.rejects(promise, { code: 'NETWORK', cause: thrown });
  });
}

test('what fetch throws is the cause, and an answer that is an error has none', async (t) => {
  const thrown = new TypeError('fetch failed');
  t.mock.method(globalThis, 'fetch', async () => {
    throw thrown;
  });
  const strict = { throwOnError: true, serverUrl: 'http://h', flagsServerUrl: 'http://f' };
  await assert.rejects(visitor({ ...strict, httpClient: undefined }).client.fetch({ user_id: 'u' }), {
    code: 'NETWORK',
    cause: thrown,
  });
  const { client } = visitor(strict, { [VARDATA]: 500 });
  await assert.rejects(
    client.fetch({ user_id: 'u' }),
    (error) => error.code === 'HTTP_STATUS' && !('cause' in error),
  );
});

test('an error says in its message the code and the HTTP status, to who listens and in the log, and for which request', async () => {
  for (const [answer, code, status] of [
    [401, 'HTTP_STATUS 401', 401],
    [503, 'HTTP_STATUS 503', 503],
    ['', 'DECODE', undefined],
  ]) {
    const { client, heard, logged } = listening({}, { [VARDATA]: answer });
    await client.fetch({ user_id: 'u' });
    assert.deepEqual(
      heard.map((error) => [error.message, error.status, error.statusCode]),
      [[`variants could not be fetched (${code})`, status, status]],
    );
    assert.deepEqual(
      logged.filter(([level]) => level === 'error'),
      [['error', `[Experiment] ${heard[0].message}`, heard[0]]],
    );
  }
  const { client, logged } = visitor({ logLevel: LogLevel.Debug }, { '/sdk/v2/flags': 404 });
  await client.start({ user_id: 'u' });
  assert.ok(
    logged.some(
      ([level, said]) =>
        level === 'debug' && said === '[Experiment] flags could not be loaded (HTTP_STATUS 404)',
    ),
  );
});

test('the message of an argument that cannot be used has its code, like that of every error', async () => {
  const { client, heard } = listening();
  client.setUser('mira');
  assert.equal(heard[0].message, 'user cannot be used as given (BAD_ARGUMENT)');
  assert.throws(() => new HttpExposureTrackingProvider({ serverUrl: 'http://h' }), {
    code: 'BAD_ARGUMENT',
    field: 'apiKey',
    message: /\(BAD_ARGUMENT\)$/,
  });
  assert.throws(() => new HttpAssignmentTrackingProvider({ apiKey: 'key' }), {
    code: 'BAD_ARGUMENT',
    field: 'serverUrl',
    message: /\(BAD_ARGUMENT\)$/,
  });
  assert.throws(() => evaluate('[]', 5), { code: 'BAD_ARGUMENT', message: /\(BAD_ARGUMENT\)$/ });
});

test('a cause is that of its own request, not of one before', async () => {
  let thrown = new Error('no route');
  const httpClient = {
    request: () => (thrown ? Promise.reject(thrown) : Promise.resolve({ status: 200, body: '' })),
  };
  const { client, heard } = listening({ httpClient });
  await client.fetch({ user_id: 'u' });
  thrown = undefined;
  await client.fetch({ user_id: 'u' });
  assert.deepEqual(
    heard.map(({ code, cause }) => [code, cause?.message]),
    [
      ['NETWORK', 'no route'],
      ['DECODE', undefined],
    ],
  );
});

test('who hears of an error may ask again at once, and hears of that too', async () => {
  const httpClient = {
    request: () => {
      throw new Error('no route');
    },
  };
  const { client, heard } = listening({ httpClient });
  client.on('error', () => heard.length < 10 && client.fetch());
  await client.fetch({ user_id: 'u' });
  for (let at = 0; at < 10; at++) await nextRun();
  assert.deepEqual(
    heard.map(({ code, cause }) => [code, cause?.message]),
    Array(10).fill(['NETWORK', 'no route']),
  );
});

test('a visitor who rejects is answered fallbacks from then on, and who listens is told', async () => {
  const { client } = visitor({}, { [VARDATA]: { flag: assigned('on') } });
  await client.fetch({ user_id: 'u' });
  const seen = [];
  client.on('variants', () => seen.push(client.variant('flag', 'control').key));
  client.setConsentStatus(ConsentStatus.REJECTED);
  assert.deepEqual([seen, client.variant('flag', 'control').key, client.all()], [['control'], 'control', {}]);
});

test('a provider without track is named when the client is made', async () => {
  for (const odd of [
    {},
    { trak() {} },
    { track: 'track' },
    'track',
    {
      get track() {
        throw new Error('getter');
      },
    },
  ]) {
    const { heard } = listening({ exposureTrackingProvider: odd });
    await nextRun();
    assert.deepEqual(
      heard.map(({ code, field }) => [code, field]),
      [['BAD_ARGUMENT', 'exposureTrackingProvider.track']],
    );
  }
  for (const good of [undefined, null, () => {}, { track() {} }]) {
    const { heard } = listening({ exposureTrackingProvider: good });
    await nextRun();
    assert.deepEqual(heard, []);
  }
});

for (const [how, track] of Object.entries({
  throws: (error) => {
    throw error;
  },
  rejects: (error) => Promise.reject(error),
  'answers false': () => false,
})) {
  test(`an exposure that a provider ${how} is given up with what it threw as the cause`, async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    t.mock.method(performance, 'now', () => Date.now());
    const thrown = new TypeError('analytics.trak is not a function');
    const { client, heard } = listening(
      { exposureTrackingProvider: { track: () => track(thrown) } },
      { [VARDATA]: { flag: assigned('on') } },
    );
    await client.fetch({ user_id: 'u' });
    client.variant('flag');
    for (const wait of [1_000, 5_000, 25_000]) {
      for (let at = 0; at < 10; at++) await nextRun();
      t.mock.timers.tick(wait);
    }
    for (let at = 0; at < 10; at++) await nextRun();
    assert.deepEqual(
      heard.map(({ code, cause }) => [code, cause]),
      [['PROVIDER_REFUSED', how === 'answers false' ? undefined : thrown]],
    );
  });
}

test('the client for Node has the cause too', async () => {
  const thrown = new Error('no route');
  const { client, logged } = local({
    bootstrap: undefined,
    serverUrl: 'http://h',
    httpClient: { request: () => Promise.reject(thrown) },
  });
  await assert.rejects(client.refresh(), { code: 'NETWORK', cause: thrown });
  assert.ok(logged.length > 0);
});

for (const [name, options] of Object.entries({ empty: '', blank: ' \t' })) {
  test(`at an address that is ${name} nobody is asked, and that is said once with its name`, async () => {
    const { client, asked, heard } = listening({ serverUrl: options });
    for (const ask of [
      () => client.fetch({ user_id: 'u' }),
      () => client.start({ user_id: 'u' }),
      () => client.fetch(),
    ])
      await ask();
    assert.deepEqual(
      [asked, heard.map(({ code, field }) => [code, field]), client.getUser()],
      [[], [['BAD_ARGUMENT', 'serverUrl']], { user_id: 'u' }],
    );
    const flags = listening({ flagsServerUrl: options, throwOnError: true });
    await flags.client.fetch({ user_id: 'u' });
    await assert.rejects(flags.client.start({ user_id: 'u' }), {
      code: 'BAD_ARGUMENT',
      field: 'flagsServerUrl',
    });
    assert.deepEqual(
      flags.asked.map(({ pathname }) => pathname),
      [VARDATA],
      'variants have an address',
    );
    for (const make of [
      (config) => new LocalEvaluationClient('key', config),
      (config) => Local.initializeLocal('key', config),
    ]) {
      assert.throws(() => make({ serverUrl: options }), {
        name: 'ExperimentError',
        code: 'BAD_ARGUMENT',
        field: 'serverUrl',
      });
    }
  });
}

test("an address that is not given is Amplitude's, and one with slashes at its end is asked without them", async () => {
  const urls = [];
  const httpClient = {
    request: async (url) => (urls.push(url), { status: 200, body: url.includes('flags') ? '[]' : '{}' }),
  };
  for (const serverUrl of [undefined, null, 'http://h/', 'http://h/proxy//'])
    await visitor({ httpClient, serverUrl, flagsServerUrl: serverUrl }).client.start({ user_id: 'u' });
  const paths = ['/sdk/v2/flags', '/sdk/v2/vardata?v=0'];
  const origins = [
    ['https://flag.lab.amplitude.com', 'https://api.lab.amplitude.com'],
    ['https://flag.lab.amplitude.com', 'https://api.lab.amplitude.com'],
    ['http://h', 'http://h'],
    ['http://h/proxy', 'http://h/proxy'],
  ];
  assert.deepEqual(
    urls,
    origins.flatMap((pair) => pair.map((origin, at) => origin + paths[at])),
  );
  const { client } = local({ bootstrap: undefined, serverUrl: 'http://h//', httpClient });
  await client.refresh();
  assert.equal(urls.at(-1), 'http://h/sdk/v2/flags');
});

test('an error before anybody can listen reaches who listens right after', async () => {
  const { heard } = listening({ fallbackVariant: { value: 'x', payload: 1n } });
  await nextRun();
  assert.deepEqual(
    heard.map(({ field }) => field),
    ['config.fallbackVariant.payload'],
  );
});

test('evaluate and the client for Node name the field too, and log an odd id once', () => {
  const { client, logged, tracked } = local();
  assert.throws(() => client.evaluateV2({ user_id: 'u', user_properties: { big: 1n } }), {
    code: 'BAD_ARGUMENT',
    field: 'user.user_properties.big',
  });
  for (let i = 0; i < 3; i++) client.evaluateV2({ user_id: {}, device_id: 7 });
  assert.deepEqual(logged, [
    ['error', '[Experiment] user.user_id cannot be used as given (BAD_ARGUMENT)', 'BAD_ARGUMENT'],
  ]);
  assert.deepEqual(
    tracked.map(({ user_id, device_id }) => [user_id, device_id]),
    [[undefined, '7']],
  );
});

test('a user that is too long for a header is the body of a POST', async () => {
  const sent = [];
  const httpClient = { request: async (...request) => (sent.push(request), { status: 200, body: '{}' }) };
  const { client } = visitor({ httpClient });
  const landing_url = `https://shop/?${'x'.repeat(6_000)}`;
  await client.fetch({ user_id: 'u', landing_url });
  await client.fetch({ user_id: 'u' });
  const [[, method, headers, body], [, short, shortHeaders, none]] = sent;
  assert.deepEqual(
    [method, Object.keys(headers), JSON.parse(body).landing_url],
    ['POST', ['Authorization'], landing_url],
  );
  assert.deepEqual(
    [short, Object.keys(shortHeaders), none],
    ['GET', ['Authorization', 'X-Amp-Exp-User'], null],
  );
});
