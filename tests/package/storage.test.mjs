// What lies in a browser's storage, and whose it is: where there is no room for all of it, where instances
// have names that begin alike, and after the visitor said no.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { browsers, launch, open, scriptedServer } from './browser-fixture.mjs';

const dist = dirname(createRequire(import.meta.url).resolve('experiment-wasm'));

const PAGE = `<!doctype html><title>page</title><link rel="icon" href="data:,"><script type="module">
  import * as sdk from '/index.js';
  globalThis.sdk = sdk;
  const httpClient = { request: async (url, method, headers) => ({ status: 200, body: url.includes('flags') ? '[]' : JSON.stringify(assigned) }) };
  globalThis.make = (instanceName, config) =>
    sdk.Experiment.initialize('key', { instanceName, httpClient, pollOnStart: false, loggerProvider: { error() {}, warn() {}, info() {}, debug() {}, verbose() {} }, ...config });
  globalThis.plugin = (track) => ({ type: 'integration', getUser: () => ({}), track });
  globalThis.assigned = { f: { key: 'on', value: 'on' } };
  /** Fills the storage but for so many characters. */
  globalThis.leave = (room) => {
    for (let size = 1 << 22, at = 0; size >= 1; size >>= 1) {
      try {
        for (;;) localStorage.setItem('fill ' + ('' + at++).padStart(6), 'x'.repeat(size));
      } catch {}
    }
    const largest = Object.keys(localStorage).find((key) => key.startsWith('fill') && localStorage.getItem(key).length > room);
    localStorage.setItem(largest, localStorage.getItem(largest).slice(room));
  };
  globalThis.ready = true;
</script>`;

let browser;
let served;
before(async () => {
  const headers = { 'content-type': 'text/html' };
  served = await scriptedServer({
    '/': { body: PAGE, headers },
    '/index.js': { body: readFileSync(join(dist, 'index.js')) },
  });
});
after(() => served?.close());
for (const name of browsers) {
  describe(`in ${name}`, () => {
    before(async () => (browser = await launch(name)));
    after(() => browser?.close());
    tests();
  });
}

/**
 * What a script answers on a page, on which nothing may be thrown. After a reload, with `then`, what that one
 * answers.
 */
async function page(script, then) {
  const { page, thrown, close } = await open(browser, served.origin);
  const run = async (script) => {
    await page.waitForFunction(() => globalThis.ready);
    return page.evaluate(script);
  };
  try {
    let answer = await run(script);
    if (then) {
      await page.reload();
      answer = [answer, await run(then)];
    }
    assert.deepEqual(thrown, []);
    return answer;
  } finally {
    await close();
  }
}

function tests() {
  test("where the next person's variants have no room, those of the last are not served to them on the next page", async () => {
    const first = async () => {
      const client = make('name');
      await client.fetch({ user_id: 'anna' });
      leave(10);
      assigned = { f: { key: 'bobs '.repeat(20) } };
      await client.fetch({ user_id: 'bob' });
      return client.variant('f').key.slice(0, 4);
    };
    const next = () => {
      const client = make('name');
      client.setUser({ user_id: 'bob' });
      return client.variant('f');
    };
    assert.deepEqual(await page(first, next), ['bobs', {}]);
  });

  test("what has no room once the visitor said yes is on this page, and nobody else's on the next", async () => {
    const first = async () => {
      await make('name').fetch({ user_id: 'anna' });
      make('name').close();
      leave(10);
      const client = make('name', { consentOptions: { status: sdk.ConsentStatus.PENDING } });
      assigned = { f: { key: 'bobs '.repeat(20) } };
      await client.fetch({ user_id: 'bob' });
      client.setConsentStatus(sdk.ConsentStatus.GRANTED);
      return client.variant('f').key.slice(0, 4);
    };
    const next = () => {
      const client = make('name');
      client.setUser({ user_id: 'bob' });
      return client.variant('f');
    };
    assert.deepEqual(await page(first, next), ['bobs', {}]);
  });

  test('a visitor who says no to one instance takes nothing from one whose name begins alike', async () => {
    const [before, left] = await page(async () => {
      const keys = () =>
        [...Object.keys(localStorage), ...Object.keys(sessionStorage)]
          .filter((key) => !key.includes('PROVIDER'))
          .sort();
      const alike = ['a_b', 'ab', 'a-b'];
      for (const name of alike) localStorage.setItem(`EXP_unsent_${name}`, '[]');
      const provider = { track() {} };
      for (const name of alike) {
        const other = make(name, { exposureTrackingProvider: provider });
        other.addPlugin(plugin(() => false));
        (await other.fetch({ user_id: 'u' })).variant('f');
      }
      const before = keys();
      const client = make('a');
      client.addPlugin(plugin(() => false));
      await client.setTracksAssignment(false);
      (await client.fetch({ user_id: 'u' })).variant('f');
      client.setConsentStatus(sdk.ConsentStatus.REJECTED);
      return [before, keys()];
    });
    assert.equal(before.length, 18);
    assert.deepEqual(left, before);
  });

  test('after the visitor said no, fallbacks are answered; after another yes, what is fetched anew', async () => {
    const answers = await page(async () => {
      const client = make('name');
      await client.fetch({ user_id: 'u' });
      const answer = () => [client.variant('f', 'fallback').key, Object.keys(client.all())];
      const answers = [answer()];
      client.setConsentStatus(sdk.ConsentStatus.REJECTED);
      answers.push(answer());
      client.setConsentStatus(sdk.ConsentStatus.GRANTED);
      await client.fetch({ user_id: 'u' });
      return [...answers, answer()];
    });
    assert.deepEqual(answers, [
      ['on', ['f']],
      ['fallback', []],
      ['on', ['f']],
    ]);
  });

  test('what the reference let wait is handed over also beside what is no event, and where there is no room for it', async () => {
    const tracked = await page(async () => {
      const event = (flag_key) => ({ eventType: '$exposure', eventProperties: { flag_key, variant: 'on' } });
      localStorage.setItem('EXP_unsent_name', JSON.stringify([null, 5, ...['a', 'b', 'c', 'd'].map(event)]));
      leave(0);
      const tracked = [];
      make('name').addPlugin(plugin(({ eventProperties }) => tracked.push(eventProperties.flag_key) > 0));
      return [tracked, localStorage.getItem('EXP_unsent_name')];
    });
    assert.deepEqual(tracked, [['a', 'b', 'c', 'd'], null]);
  });
}
