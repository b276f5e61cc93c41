// The plain stable build, which `make pkg` falls back to where the standard library cannot be built: it
// answers as the shipped one does.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const flag = {
  key: 'banner',
  variants: { on: { key: 'on', value: 'on' }, off: { key: 'off' } },
  segments: [
    {
      conditions: [[{ selector: ['context', 'user', 'country'], op: 'is', values: ['Norway'] }]],
      variant: 'on',
    },
    { variant: 'off' },
  ],
  metadata: { evaluationMode: 'local' },
};
const config = JSON.stringify({ fallbackVariant: { value: 'fallback' }, pollOnStart: false });
const initialFlags = JSON.stringify([flag]);
const seed = () => ({
  apiKey: 'client-stable',
  config,
  initialFlags,
  survivingTexts_: new Map(),
  notify() {},
  logger: console,
});

/** The JavaScript half of the edge, as `make` compiles it. */
const { Host } = new Function(
  `${readFileSync(new URL('../target/web/host.js', import.meta.url))} return host`,
)();

async function answers(build) {
  const dir = new URL(`../target/wasm/${build}/`, import.meta.url);
  const { instantiate } = await import(new URL('experiment_wasm.js', dir));
  const core = instantiate(
    new WebAssembly.Module(readFileSync(new URL('experiment_wasm_bg.wasm', dir))),
    assert.fail,
  );
  const client = new core.CoreClient(new Host(seed(), true));
  const answer = (key) => JSON.parse(client.variant(key, undefined, false));
  client.setUser(JSON.stringify({ user_id: 'ada', country: 'Norway' }));
  const inside = answer('banner');
  client.setUser(JSON.stringify({ user_id: 'ada', country: 'Peru' }));
  const outside = answer('banner');
  const unknown = answer('nothing');
  client.close();
  return { inside, outside, unknown };
}

test('the plain stable build answers as the shipped one does', async () => {
  const shipped = await answers('client');
  assert.equal(shipped.inside.variant.value, 'on');
  assert.equal(shipped.unknown.variant.value, 'fallback');
  assert.deepEqual(await answers('stable-client'), shipped);
});
