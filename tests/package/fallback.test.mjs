// Where wasm cannot be made: the three steps that are answered then, and the client that becomes real when it
// can be after all.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Experiment } from 'experiment-wasm';
import { inNodeProcess, without } from './node-process.mjs';

const { cases } = JSON.parse(readFileSync(new URL('../vectors/fallback.json', import.meta.url), 'utf8'));

const ASK = `const answers = cases.map(({ input: { key, fallback, options } }, at) =>
  Experiment.initialize('key', { ...options, instanceName: String(at), logLevel: 0 }).variant(key, fallback));`;

test('the core answers every fallback vector', () => {
  assert.ok(cases.length > 15);
  for (const [at, { name, input, expected }] of cases.entries()) {
    const client = Experiment.initialize('key', { ...input.options, instanceName: String(at) });
    assert.deepEqual(client.variant(input.key, input.fallback), expected, name);
  }
});

for (const [kind, breaking] of Object.entries(without)) {
  test(`without ${kind} every fallback vector is answered the same`, async () => {
    const answers = await inNodeProcess(`${breaking} const { Experiment } = await import('experiment-wasm');
      const cases = ${JSON.stringify(cases)}; ${ASK} console.log(JSON.stringify(answers));`);
    assert.deepEqual(
      answers,
      cases.map(({ expected }) => expected),
    );
  });
}

for (const kind of ['webAssembly', 'permission']) {
  test(`without ${kind} everything answers, promises resolve, and one error is logged`, async () => {
    const { logged, ...rest } = await inNodeProcess(`${without[kind]}
      const { Experiment, HttpExposureTrackingProvider } = await import('experiment-wasm');
      const logged = [];
      const loggerProvider = { error: (sentence, error) => logged.push([error.code, error.name]), warn() {}, info() {}, debug() {}, verbose() {} };
      const quiet = { error() {}, warn() {}, info() {}, debug() {}, verbose() {} };
      const http = new HttpExposureTrackingProvider({ apiKey: 'key', serverUrl: 'http://127.0.0.1:1/', loggerProvider: quiet });
      const client = Experiment.initialize('key', { loggerProvider, throwOnError: true, exposureTrackingProvider: http, initialVariants: { flag: 'on' } });
      await client.start({ user_id: 'a' });
      const fetched = await client.fetch({ user_id: 'b', user_properties: { n: 1 } }) === client;
      client.exposure('flag'); client.clear(); client.stop(); await client.setTracksAssignment(false);
      const user = client.getUser();
      client.setUser(null);
      const taken = http.track({ flag_key: 'flag' }, { event_type: '$exposure' });
      console.log(JSON.stringify({ logged, fetched, user, none: client.getUser() ?? null, all: client.all(), taken, flag: client.variant('flag', 'off') }));`);
    assert.deepEqual(logged, [['WASM_UNAVAILABLE', 'ExperimentError']]);
    assert.deepEqual(rest, {
      fetched: true,
      user: { user_id: 'b', user_properties: { n: 1 } },
      none: null,
      all: { flag: { key: 'on', value: 'on' } },
      taken: false,
      flag: { key: 'off', value: 'off' },
    });
  });
}

for (const kind of ['compilingAtOnce', 'linkingAtOnce']) {
  test(`without ${kind} fallbacks are answered until the core came aside, and what was asked meanwhile is done`, async () => {
    const result = await inNodeProcess(`${without[kind]}
      const { Experiment } = await import('experiment-wasm');
      const tracked = []; const logged = [];
      const log = (...said) => logged.push(said.map(String));
      const client = Experiment.initialize('key', {
        pollOnStart: false, source: 'initialVariants', initialVariants: { shown: { value: 'on' } },
        loggerProvider: { error: log, warn: log, info() {}, debug() {}, verbose() {} },
        exposureTrackingProvider: (exposure, event) => void tracked.push([exposure.flag_key, exposure.variant, event.user_id]),
        httpClient: { request: async (url) => ({ status: 200, body: url.includes('flags') ? '[]' : '{"flag":{"key":"on","value":"on"}}' }) },
      });
      client.setUser({ user_id: 'a' });
      const before = [client.variant('flag', 'off').value, client.variant('shown').value];
      client.variant('shown');
      client.setUser({ user_id: 'b' });
      client.variant('shown');
      const started = client.start({ user_id: 'b' });
      const user = client.getUser();
      await started;
      console.log(JSON.stringify({ before, after: client.variant('flag', 'off').value, user, tracked, logged }));`);
    assert.deepEqual(result, {
      before: ['off', 'on'],
      after: 'on',
      user: { user_id: 'b' },
      tracked: [
        ['shown', 'on', 'a'],
        ['shown', 'on', 'b'],
        ['flag', 'on', 'b'],
      ],
      logged: [],
    });
  });
}
