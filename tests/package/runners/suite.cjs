// What holds under every test runner and in each of its environments. It runs there, not here:
// runners.test.mjs copies it into an app and starts the runners. `ours` is the package, imported or required;
// `timers` are the runner's own; `reload` loads the package once more.
const assert = require('node:assert');
const { request } = require('node:http');

const { ORIGIN } = process.env;
const VARIANT = { key: 'on', value: 'on', payload: { text: 'Zürich 🚲 \ud800', list: ['ß', '雪'] } };
const FLAG = {
  key: 'größe 🚲',
  metadata: { evaluationMode: 'local' },
  variants: { on: VARIANT, off: { key: 'off' } },
  segments: [
    {
      conditions: [[{ selector: ['context', 'user', 'city'], op: 'is', values: ['Zürich 🚲'] }]],
      variant: 'on',
    },
    { variant: 'off' },
  ],
};
const USER = { user_id: 'ÿ', city: 'Zürich 🚲' };
/** Objects of other realms are equal where they have the same content. */
const same = (actual, expected) => assert.equal(JSON.stringify(actual), JSON.stringify(expected));

/** What the server heard of this device; it answers when there is something. */
const heard = (device) =>
  new Promise((resolve, reject) =>
    request(`${ORIGIN}/heard`, { method: 'POST' }, (answer) => answer.on('data', resolve))
      .on('error', reject)
      .end(device),
  );

module.exports = (name, ours, { evaluate, LocalEvaluationClient }, timers, reload) => {
  const clients = [];
  let made = 0;
  function initialize(options) {
    const errors = [];
    const client = ours.Experiment.initialize('key', {
      instanceName: `client-${++made}`,
      serverUrl: ORIGIN,
      flagsServerUrl: ORIGIN,
      ...options,
    });
    client.on('error', (error) => errors.push(error));
    clients.push(client);
    return { client, errors };
  }

  afterEach(() => {
    timers.real();
    for (const client of clients.splice(0)) client.close();
  });

  it('flags are evaluated in WebAssembly, and text crosses whole', () => {
    const { client, errors } = initialize({ initialFlags: JSON.stringify([FLAG]) });
    client.setUser(USER);
    const { value, payload } = client.variant(FLAG.key, 'fallback');
    same([value, payload, client.all()[FLAG.key].key, errors], ['on', VARIANT.payload, 'on', []]);
    client.setUser({ ...USER, city: 'Zürich' });
    same(client.variant(FLAG.key, 'fallback').key, 'off');
  });

  it('a function evaluates them too', () => {
    const { variants, skipped } = evaluate([FLAG], USER);
    same([variants[FLAG.key].payload, skipped], [VARIANT.payload, {}]);
  });

  it('variants and flags come from a server', async () => {
    const { client, errors } = initialize();
    await client.start(USER);
    same([client.variant('fetched').value, client.variant(FLAG.key).value, errors], ['on', 'on', []]);
  });

  it('flags for evaluation come from a server', async () => {
    const local = new LocalEvaluationClient('server-key', { serverUrl: ORIGIN });
    await local.start();
    local.stop();
    same(local.evaluateV2(USER)[FLAG.key].payload, VARIANT.payload);
  });

  it('an exposure is delivered', async () => {
    const exposureTrackingProvider = new ours.HttpExposureTrackingProvider({
      apiKey: 'key',
      serverUrl: `${ORIGIN}/2/httpapi`,
    });
    const { client } = initialize({ exposureTrackingProvider, initialFlags: JSON.stringify([FLAG]) });
    client.setUser({ ...USER, device_id: name });
    client.variant(FLAG.key);
    exposureTrackingProvider.flush();
    same(JSON.parse(await heard(name)), { flag_key: FLAG.key, variant: 'on' });
    exposureTrackingProvider.close();
  });

  it('with timers that the test moves, flags are polled and a refused exposure is offered again', async () => {
    timers.fake();
    let polls = 0;
    let offers = 0;
    const answer = async (url) => ({
      status: 200,
      body:
        url.endsWith('/sdk/v2/flags') || url.includes('/flags?') ? (polls++, JSON.stringify([FLAG])) : '{}',
    });
    const exposureTrackingProvider = { track: () => ++offers > 2 };
    const { client } = initialize({
      httpClient: { request: answer },
      exposureTrackingProvider,
      flagConfigPollingIntervalMillis: 60_000,
    });
    await client.start(USER);
    client.variant(FLAG.key);
    same([polls, offers], [1, 1]);
    await timers.pass(6_000);
    same([polls, offers], [1, 3]);
    await timers.pass(60_000);
    same([polls, offers], [2, 3]);
    client.close();
    await timers.pass(600_000);
    same([polls, offers], [2, 3]);
  });

  it('a request that cannot be made says why', async () => {
    const { client, errors } = initialize({ serverUrl: 'http://127.0.0.1:9', retryFetchOnFailure: false });
    await client.fetch(USER);
    same([errors.map(({ code }) => code), client.variant('fetched', 'off').value], [['NETWORK'], 'off']);
  });

  if (reload) {
    it('a registry that was reset finds the old client, until it is closed', () => {
      const old = initialize({ instanceName: 'shared' }).client;
      const again = () => reload().Experiment.initialize('key', { instanceName: 'shared' });
      assert.ok(again() === old);
      old.close();
      const next = again();
      clients.push(next);
      assert.ok(next !== old);
    });
  }
};
module.exports.FLAG = FLAG;
