// slim: the same client without the wasm inside, before and after the page brings it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { inNodeProcess } from './node-process.mjs';

const wasm = createRequire(import.meta.url).resolve('experiment-wasm/core.wasm');
const START = `
  import { readFileSync } from 'node:fs';
  import { Experiment, ExperimentError, load, loadSync } from 'experiment-wasm/slim';
  const bytes = readFileSync(${JSON.stringify(wasm)});
  const tracked = []; const logged = [];
  const log = (sentence, error) => logged.push(error?.code ?? sentence);
  const client = Experiment.initialize('key', {
    pollOnStart: false, loggerProvider: { error: log, warn: log, info() {}, debug() {}, verbose() {} },
    exposureTrackingProvider: (exposure) => void tracked.push(exposure.flag_key),
    httpClient: { request: async (url) => ({ status: 200, body: url.includes('flags') ? '[]' : '{"flag":{"key":"on","value":"on"}}' }) },
  });
  const failed = (promise) => promise.then(() => 'loaded', (error) => error instanceof ExperimentError && error.code);
`;

test('the wasm file is a module of its own that compiles', () => {
  assert.ok(WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(wasm))).length > 0);
});

for (const [form, source] of Object.entries({
  bytes: 'load(bytes)',
  'a module': 'load(new WebAssembly.Module(bytes))',
  'a response': 'load(new Response(bytes))',
  'a promise of a response': 'load(Promise.resolve(new Response(bytes)))',
  'an address': 'load(`data:application/wasm;base64,${bytes.toString("base64")}`)',
  'bytes at once': 'loadSync(bytes)',
  'a module at once': 'loadSync(new WebAssembly.Module(bytes))',
})) {
  test(`a client made before becomes real when ${form} came`, async () => {
    const result = await inNodeProcess(`${START}
      const before = client.variant('flag', 'off').value;
      const started = client.start({ user_id: 'u' });
      await ${source};
      await started;
      await load(bytes);
      console.log(JSON.stringify([before, client.variant('flag', 'off').value, client.getUser(), tracked, logged]));`);
    assert.deepEqual(result, ['off', 'on', { user_id: 'u' }, ['flag'], []]);
  });
}

test('a load that fails rejects, lets nobody wait, and may be tried again', async () => {
  const result = await inNodeProcess(`${START}
    const started = client.start({ user_id: 'u' });
    const failures = [await failed(load(new Uint8Array(8))), await failed(load(new Response('', { status: 404 }))), await failed(load('no address'))];
    await started;
    try { loadSync(new Uint8Array(8)); } catch (error) { failures.push(error.code); }
    await load(bytes);
    await client.fetch();
    console.log(JSON.stringify([failures, client.variant('flag', 'off').value, client.getUser(), logged]));`);
  assert.deepEqual(result, [
    Array(4).fill('LOAD_FAILED'),
    'on',
    { user_id: 'u' },
    Array(4).fill('LOAD_FAILED'),
  ]);
});

test('a module that is not the core is not taken for one by later calls, and another load may follow', async () => {
  const result = await inNodeProcess(`${START}
    const failure = await failed(load(Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0])));
    const before = client.variant('flag', 'off').value;
    await load(bytes);
    await client.fetch();
    console.log(JSON.stringify([failure, before, client.variant('flag', 'off').value, logged]));`);
  assert.deepEqual(result, ['LOAD_FAILED', 'off', 'on', ['LOAD_FAILED']]);
});

test('where wasm is not allowed, load says so and the client goes on with fallbacks', async () => {
  const result = await inNodeProcess(`${START}
    WebAssembly.Module = class { constructor() { throw new WebAssembly.CompileError('blocked') } };
    const failure = await failed(load(bytes));
    await client.start({ user_id: 'u' });
    console.log(JSON.stringify([failure, await failed(load(bytes)), client.variant('flag', 'off').value, logged]));`);
  assert.deepEqual(result, ['WASM_UNAVAILABLE', 'WASM_UNAVAILABLE', 'off', ['WASM_UNAVAILABLE']]);
});

test('what was met before the wasm came is told of whoever was there then', async () => {
  const result = await inNodeProcess(`${START}
    const met = [];
    let user_id = 'anna';
    const bootstrapped = Experiment.initialize('other', {
      source: 'initialVariants', initialVariants: { flag: 'on' }, userProvider: { getUser: () => ({ user_id }) },
      exposureTrackingProvider: (exposure, event) => void met.push([event.user_id, exposure.variant]),
    });
    bootstrapped.variant('flag');
    await null;
    user_id = 'bob';
    bootstrapped.variant('flag');
    await load(bytes);
    console.log(JSON.stringify(met));`);
  assert.deepEqual(result, [
    ['anna', 'on'],
    ['bob', 'on'],
  ]);
});
