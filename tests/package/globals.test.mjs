// Every global of a page is optional: each by itself and all together, missing, forbidden or broken. Nothing
// reaches the page, and all but WebAssembly can go without a decision being lost.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { entries } from '../../pkg/entries.mjs';
import { namedIn, namesOfBrowsers } from './globals/global-names.mjs';
import { CHANGES, place, visit } from './globals/page.mjs';

const require = createRequire(import.meta.url);

/** What the package looks up. A new one is new here too, and so is tried. */
const GLOBALS = [
  'AbortController',
  'FinalizationRegistry',
  'TextDecoder',
  'TextEncoder',
  'URL',
  'WebAssembly',
  'XMLHttpRequest',
  'addEventListener',
  'analyticsConnectorInstances',
  'atob',
  'clearTimeout',
  'console',
  'document',
  'experimentInstances',
  'fetch',
  'localStorage',
  'location',
  'navigator',
  'performance',
  'removeEventListener',
  'sessionStorage',
  'setTimeout',
];

/** Found by name, which no syntax tree shows. */
const BY_NAME = ['addEventListener', 'removeEventListener'];

const strays = [];
process
  .on('unhandledRejection', (error) => strays.push(error))
  .on('uncaughtException', (error) => strays.push(error));

/** Visits a place that was changed. What it throws, now or later, fails the test. */
async function visited(change) {
  const seen = await visit(place(change));
  await new Promise(setImmediate);
  assert.deepEqual(strays.splice(0), []);
  return seen;
}

test('the list has every global that the scripts name', () => {
  const scripts = entries.map(({ specifier }) => require.resolve(specifier).replace(/\.cjs$/, '.js'));
  const named = new Set(scripts.flatMap(namedIn));
  assert.deepEqual([...named, ...BY_NAME].sort(), GLOBALS);
});

test('the list has every global that is looked up in a visit, by whatever name and from wherever', async () => {
  const seen = new Set();
  const names = [...new Set([...namesOfBrowsers(), ...GLOBALS])].filter(
    (name) => !/^(globalThis|window|self|WebAssembly)$/.test(name),
  );
  await visit(place('', { names, seen }));
  assert.deepEqual(
    [...seen].filter((name) => !GLOBALS.includes(name)),
    [],
  );
  assert.ok(BY_NAME.every((name) => seen.has(name)) && seen.has('localStorage'));
});

test('a visit where nothing is missing', async () => {
  assert.deepEqual(await visited(''), {
    shown: ['on', 'on'],
    tracked: ['flag', 'fetched'],
    evaluated: ['on', 'on'],
  });
});

for (const [way, change] of Object.entries(CHANGES)) {
  test(`each global ${way}, by itself`, async () => {
    for (const name of GLOBALS.filter((name) => name !== 'WebAssembly')) {
      const { shown, tracked, evaluated } = await visited(change(name)).catch((cause) =>
        assert.fail(`${name}: ${cause.stack}`),
      );
      const fetched = shown[1] === 'on' ? ['fetched'] : [];
      assert.deepEqual([shown[0], tracked, evaluated], ['on', ['flag', ...fetched], ['on', 'on']], name);
    }
  });

  test(`all but WebAssembly ${way} at once`, async () => {
    const { shown, tracked, evaluated } = await visited(
      GLOBALS.filter((name) => name !== 'WebAssembly')
        .map(change)
        .join(''),
    );
    assert.deepEqual([shown, tracked, evaluated], [['on', 'off'], ['flag'], ['on', 'on']]);
  });

  test(`all ${way} at once: fallbacks, and an error that is documented where variants are evaluated`, async () => {
    await assert.rejects(visited(GLOBALS.map(change).join('')), {
      name: 'ExperimentError',
      code: 'WASM_UNAVAILABLE',
    });
  });
}
