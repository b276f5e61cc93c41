// React asks for snapshots: `variant()` is one, and its changes are notified, so that components neither loop
// nor show what is over.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { transform } from 'esbuild';
import { ConsentStatus } from 'experiment-wasm';
import { JSDOM } from 'jsdom';
import { assigned, localFlag, visitor } from './visitor.mjs';

const VARDATA = '/sdk/v2/vardata';
const GLOBALS = ['window', 'document', 'navigator', 'IS_REACT_ACT_ENVIRONMENT'];
/** The hook of the documentation, as it is written there. */
const HOOK = /```ts\n(import \{ useCallback[^]*?)```/.exec(
  readFileSync(new URL('../../docs/in-an-app.md', import.meta.url), 'utf8'),
)[1];

let react;
let createRoot;
let renderToString;
let useVariant;
let complaints;
let client;

before(async () => {
  const { window } = new JSDOM('');
  Object.assign(globalThis, {
    window,
    document: window.document,
    navigator: window.navigator,
    IS_REACT_ACT_ENVIRONMENT: true,
  });
  react = await import('react');
  ({ createRoot } = await import('react-dom/client'));
  ({ renderToString } = await import('react-dom/server'));
  const { code } = await transform(HOOK, { loader: 'ts' });
  const here = code.replaceAll('from "react"', `from ${JSON.stringify(import.meta.resolve('react'))}`);
  ({ useVariant } = await import(`data:text/javascript,${encodeURIComponent(here)}`));
});
after(() => GLOBALS.forEach((name) => delete globalThis[name]));
beforeEach((t) => {
  complaints = [];
  t.mock.method(console, 'error', (...said) => complaints.push(said));
});
afterEach(() => {
  client.close();
  assert.deepEqual(complaints, [], 'React has nothing to complain of');
});

/** Two components that show one flag, and how often they were rendered. */
async function shown(key, fallback) {
  const { createElement, StrictMode, act } = react;
  let renders = 0;
  const Shows = () => {
    renders++;
    return createElement('i', null, JSON.stringify(useVariant(client, key, fallback)));
  };
  const box = document.createElement('div');
  const root = createRoot(box);
  await act(() => root.render(createElement(StrictMode, null, createElement(Shows), createElement(Shows))));
  return {
    renders: () => renders,
    /** What the page shows: both components the same. */
    now() {
      const [one, other] = [...box.querySelectorAll('i')].map((element) => element.textContent);
      assert.equal(one, other);
      return JSON.parse(one);
    },
    unmount: () => act(() => root.unmount()),
  };
}

const control = { key: 'control', value: 'control' };
const given = { value: 'mine', payload: { list: [1] } };
const known = { flag: assigned('on', { payload: { label: 'Buy' } }) };
const begin = () =>
  ({ client } = visitor({ initialFlags: JSON.stringify([localFlag('local')]) }, { [VARDATA]: known }));

for (const [name, fallback, falls] of [
  ['no fallback', undefined, {}],
  ['a text', 'control', control],
  ['an object', given, given],
]) {
  for (const key of ['flag', 'unknown', 'local', '', 'constructor']) {
    test(`a component with ${name} shows the flag "${key}" before and after variants come, for another user and for nobody`, async () => {
      const { answers } = begin();
      const late =
        key === 'local'
          ? fallback === undefined
            ? { key: 'off', metadata: { default: true, evaluationMode: 'local' } }
            : falls
          : falls;
      const page = await shown(key, fallback);
      assert.deepEqual(page.now(), late);
      await react.act(() => client.fetch({ user_id: 'u' }));
      assert.deepEqual(page.now(), key === 'flag' ? known.flag : late);
      answers[VARDATA] = { flag: assigned('off') };
      await react.act(() => client.fetch({ user_id: 'v' }));
      assert.deepEqual(page.now(), key === 'flag' ? assigned('off') : late);
      await react.act(() => client.reset());
      assert.deepEqual(page.now(), late);
      assert.ok(page.renders() < 60, `${page.renders()} renders`);
      await page.unmount();
      client.clear();
    });
  }
}

test('a component shows what a user who was set is answered, without a fetch', async () => {
  begin();
  await client.fetch({ user_id: 'u' });
  const [local, fetched] = [await shown('local', 'control'), await shown('flag', 'control')];
  assert.deepEqual([local.now().key, fetched.now().key], ['control', 'on']);
  await react.act(() => client.setUser({ user_id: 'u', user_properties: { plan: 'pro' } }));
  assert.deepEqual([local.now().key, fetched.now().key], ['on', 'on']);
  await react.act(() => client.setUser({ user_id: 'v' }));
  assert.deepEqual([local.now().key, fetched.now().key], ['control', 'control']);
  await Promise.all([local.unmount(), fetched.unmount()]);
});

test('a component shows the fallback when the visitor rejects, and the variants again when they grant', async () => {
  begin();
  await client.fetch({ user_id: 'u' });
  const page = await shown('flag', 'control');
  await react.act(() => client.setConsentStatus(ConsentStatus.REJECTED));
  assert.deepEqual(page.now(), control);
  await react.act(() => client.setConsentStatus(ConsentStatus.GRANTED));
  await react.act(() => client.fetch({ user_id: 'u' }));
  assert.deepEqual(page.now(), known.flag);
  await page.unmount();
});

test('a server renders what is known, with the same hook', () => {
  ({ client } = visitor({ initialVariants: { flag: 'on' } }));
  const Shows = () => react.createElement('i', null, useVariant(client, 'flag', 'control').key);
  assert.equal(renderToString(react.createElement(Shows)), '<i>control</i>');
});
