// Exposures on real pages: who tracks which, over tabs, reloads, full storage and consent, and under which
// ids they arrive.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { browsers, launch, scriptedServer } from './browser-fixture.mjs';

const dist = dirname(createRequire(import.meta.url).resolve('experiment-wasm'));
const script = readFileSync(join(dist, 'index.js'));

const PAGE = `<!doctype html><title>page</title><link rel="icon" href="data:,"><script type="module">
  import * as sdk from '/index.js';
  globalThis.sdk = sdk;
  globalThis.initialize = (config) => sdk.Experiment.initialize('key', { serverUrl: location.origin, flagsServerUrl: location.origin, ...config });
  globalThis.provider = () => new sdk.HttpExposureTrackingProvider({ apiKey: 'api-key', serverUrl: '/2/httpapi' });
  globalThis.visit = async () => {
    globalThis.client ??= initialize({ exposureTrackingProvider: provider() });
    await client.fetch({ user_id: 'u', device_id: 'd' });
    return client.variant('f').key;
  };
  globalThis.ready = true;
</script>`;

let browser;
for (const name of browsers) {
  describe(`in ${name}`, () => {
    before(async () => (browser = await launch(name)));
    after(() => browser?.close());
    tests();
  });
}

/** A server that assigns what `meets` set last, and a visitor's browser. `open` opens a tab of it. */
async function visitor(session, answers = {}) {
  let assigned = 'a';
  const served = await scriptedServer({
    '/': { body: PAGE, headers: { 'content-type': 'text/html' } },
    '/index.js': { body: script },
    '/sdk/v2/flags': [],
    '/sdk/v2/vardata': () => ({ f: { key: assigned, value: assigned } }),
    '/2/httpapi': { code: 200 },
    ...answers,
  });
  const context = await browser.createBrowserContext();
  const open = async () => {
    const page = await context.newPage();
    await page.goto(served.origin);
    await page.waitForFunction(() => globalThis.ready);
    return page;
  };
  const meets = async (page, variant) => {
    assigned = variant;
    assert.equal(await page.evaluate(() => visit()), variant);
  };
  try {
    await session({ open, meets, served });
  } finally {
    await context.close();
    served.close();
  }
}

/** Sends what waits in a tab, and waits until the server has said what became of it. */
const delivered = (page) =>
  page.evaluate(async () => {
    client.variant('f');
    while (Object.keys(localStorage).some((key) => key.startsWith('EXP_outbox')))
      await new Promise((resolve) => setTimeout(resolve, 5));
  });

const eventsOf = ({ requests }) =>
  requests.filter(({ path }) => path === '/2/httpapi').flatMap(({ body }) => JSON.parse(body).events);

/** Variants and ids of what came in, each id once: the rows that a server stores. */
const rowsOf = (served) => [
  ...new Map(eventsOf(served).map((event) => [event.insert_id, event.event_properties.variant])).values(),
];

function tests() {
  test('a tab that was open already adds no row of what another tab told', () =>
    visitor(async ({ open, meets, served }) => {
      const [old, page] = [await open(), await open()];
      await old.evaluate(
        () => void (globalThis.client = initialize({ exposureTrackingProvider: provider() })),
      );
      await meets(page, 'a');
      await meets(page, 'b');
      await meets(old, 'b');
      await delivered(page);
      await delivered(old);
      assert.deepEqual(rowsOf(served), ['a', 'b']);
      await meets(old, 'a');
      await delivered(old);
      assert.deepEqual(rowsOf(served), ['a', 'b', 'a']);
    }));

  test('after seventeen other people the same exposure has the same id', () =>
    visitor(async ({ open, meets, served }) => {
      const page = await open();
      await meets(page, 'a');
      await meets(page, 'b');
      await page.evaluate(async () => {
        for (let other = 0; other < 17; other++)
          (await client.fetch({ user_id: `other ${other}` })).variant('f');
      });
      await meets(page, 'b');
      await delivered(page);
      const own = eventsOf(served).filter(({ user_id }) => user_id === 'u');
      assert.equal(new Set(own.map(({ insert_id }) => insert_id)).size, 2);
    }));

  test('an event that storage has no room for is sent, and told again by the next page if this one dies before', () =>
    visitor(
      async ({ open, meets, served }) => {
        const page = await open();
        // Variants and their mark have their place; then 317 characters are left. The record would fit, the
        // event does not.
        await page.evaluate(async () =>
          (globalThis.client = initialize()).fetch({ user_id: 'u', device_id: 'd' }),
        );
        await page.evaluate(() => {
          client.close();
          globalThis.client = undefined;
          for (let size = 1 << 22; size >= 1; size >>= 1) {
            for (let more = 0; ; more++) {
              try {
                localStorage.setItem(`fill ${size} ${more}`, 'x'.repeat(size));
              } catch {
                break;
              }
            }
          }
          const filled = Object.keys(localStorage).find(
            (key) => localStorage.getItem(key).length > 1000 && key.startsWith('fill'),
          );
          localStorage.setItem(filled, localStorage.getItem(filled).slice(317));
        });
        await meets(page, 'a');
        const { body } = await served.asked('/2/httpapi');
        const stored = await page.evaluate(() =>
          Object.keys(localStorage).filter((key) => /^EXP_outbox|-exposed$/.test(key)),
        );
        assert.deepEqual(stored, []);
        await page.evaluate(() =>
          Object.keys(localStorage).forEach((key) => key.startsWith('fill') && localStorage.removeItem(key)),
        );
        await page.close();
        const next = await open();
        await meets(next, 'a');
        const again = await served.asked('/2/httpapi');
        assert.equal(JSON.parse(again.body).events[0].insert_id, JSON.parse(body).events[0].insert_id);
        const kept = await next.evaluate(
          () => Object.keys(localStorage).filter((key) => /^EXP_outbox|-exposed$/.test(key)).length,
        );
        assert.equal(kept, 2);
      },
      { '/2/httpapi': () => new Promise(() => {}) },
    ));

  test('a boolean or a number that a page bootstrapped arrives as its text, once a day', () =>
    visitor(async ({ open, served }) => {
      const meet = async (page) => {
        await page.evaluate(() => {
          const initialVariants = {
            yes: { value: true },
            three: { value: 3 },
            no: { value: false },
            run: { key: 'on', expKey: 7 },
          };
          globalThis.client = initialize({
            source: 'initialVariants',
            initialVariants,
            exposureTrackingProvider: provider(),
          });
          client.setUser({ user_id: 'u' });
          for (const key of Object.keys(initialVariants)) client.variant(key);
        });
        await delivered(page);
      };
      await meet(await open());
      await meet(await open());
      const tracked = eventsOf(served).map(({ event_properties: { flag_key, variant, experiment_key } }) => [
        flag_key,
        variant,
        experiment_key,
      ]);
      assert.deepEqual(tracked, [
        ['yes', 'true', undefined],
        ['three', '3', undefined],
        ['no', undefined, undefined],
        ['run', 'on', '7'],
      ]);
    }));

  test('what is told while another exposure is told is not forgotten', () =>
    visitor(async ({ open }) => {
      const page = await open();
      const tracked = await page.evaluate(() => {
        const tracked = [];
        const bootstrapped = { source: 'initialVariants', initialVariants: { a: 'on', b: 'on' } };
        const client = initialize({
          ...bootstrapped,
          exposureTrackingProvider: {
            track: ({ flag_key }) => void (flag_key === 'a' && client.variant('b')),
          },
        });
        client.addPlugin({
          type: 'integration',
          getUser: () => ({}),
          track: ({ eventProperties }) => tracked.push(eventProperties.flag_key) > 0,
        });
        for (const key of ['a', 'b', 'a']) client.variant(key);
        return [tracked.sort(), JSON.parse(sessionStorage.getItem('EXP_sent_v3_$default_instance'))];
      });
      assert.deepEqual(tracked, [['a', 'b'], { a: 'on', b: 'on' }]);
    }));

  test('what waited for consent is told a plugin once, and its session is not forgotten', () =>
    visitor(async ({ open }) => {
      const page = await open();
      const tracked = await page.evaluate(async () => {
        const tracked = [];
        const plugin = () => ({
          type: 'integration',
          getUser: () => ({}),
          track: ({ eventProperties }) => tracked.push(eventProperties.flag_key) > 0,
        });
        const bootstrapped = { source: 'initialVariants', initialVariants: { a: 'on', b: 'on', c: 'on' } };
        const consented = initialize(bootstrapped);
        consented.addPlugin(plugin());
        consented.variant('a');
        const asked = sdk.Experiment.initialize('other', {
          ...bootstrapped,
          consentOptions: { status: sdk.ConsentStatus.PENDING },
        });
        asked.addPlugin(plugin());
        asked.variant('b');
        const before = [...tracked];
        asked.setConsentStatus(sdk.ConsentStatus.GRANTED);
        asked.variant('b');
        for (const client of [consented, asked]) for (const key of ['a', 'b', 'c']) client.variant(key);
        return [before, tracked, JSON.parse(sessionStorage.getItem('EXP_sent_v3_$default_instance'))];
      });
      assert.deepEqual(tracked, [['a'], ['a', 'b', 'c'], { a: 'on', b: 'on', c: 'on' }]);
    }));
}
