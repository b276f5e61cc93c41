// The kind of a callback into the core crosses as a number: both sides have the same ones.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const block = (text, start) => text.slice(text.indexOf(start)).split('\n}')[0];

test('the callback kinds of host.ts have the numbers of driver.rs', () => {
  const core = [
    ...block(read('src/wasm/driver.rs'), 'mod callback_kind {').matchAll(/const (\w+): u32 = (\d+);/g),
  ];
  const ours = [
    ...block(read('pkg/src/wasm/host.ts'), 'enum CallbackKind {').matchAll(/^ {2}(\w+)(?: = (\d+))?,$/gm),
  ];
  assert.equal(ours[0][1], 'None', 'zero is no callback');
  assert.ok(
    ours.every(([, , number]) => number === undefined),
    'they count up',
  );
  const inRust = (name) => name.replace(/(?<=[a-z])[A-Z]/g, '_$&').toUpperCase();
  assert.deepEqual(
    core.map(([, name, number]) => [name, Number(number)]),
    ours.slice(1).map(([, name], index) => [inRust(name), index + 1]),
  );
});
