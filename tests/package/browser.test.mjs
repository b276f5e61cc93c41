// The script as a browser gets it from a server: with and without permission to compile, under a wrong
// charset, through a trap, and on leaving.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { browsers, deferred, launch, open, scriptedServer } from './browser-fixture.mjs';
import { POISON } from './poison.mjs';

const dist = dirname(createRequire(import.meta.url).resolve('experiment-wasm'));
const script = readFileSync(join(dist, 'index.js'));

let browser;
for (const name of browsers) {
  describe(`in ${name}`, () => {
    before(async () => (browser = await launch(name)));
    after(() => browser?.close());
    tests();
  });
}

const PAGE = (
  start,
) => `<!doctype html><title>page</title><link rel="icon" href="data:,"><script type="module">
  import * as sdk from '/index.js';
  ${start}
</script>`;

const CLIENT = `
  const http = new sdk.HttpExposureTrackingProvider({ apiKey: 'api-key', serverUrl: '/2/httpapi' });
  globalThis.client = sdk.Experiment.initialize('key', { serverUrl: location.origin, flagsServerUrl: location.origin, exposureTrackingProvider: http });
  globalThis.ready = true;`;

const VARIANTS = { a: { key: 'on', value: 'on' }, b: { key: 'on', value: 'on' } };

/**
 * Serves the page and a server's answers, runs `session` in a fresh page, and demands that nothing was thrown
 * there.
 */
async function visit(answers, session, start = CLIENT) {
  const served = await scriptedServer({
    '/': { body: PAGE(start), headers: { 'content-type': 'text/html' } },
    '/index.js': { body: script },
    '/sdk/v2/flags': [],
    '/sdk/v2/vardata': VARIANTS,
    '/2/httpapi': { code: 200 },
    ...answers,
  });
  const { page, said, thrown, close } = await open(browser, served.origin);
  try {
    await page.waitForFunction(() => globalThis.ready);
    await session({ page, served, said });
    assert.deepEqual(thrown, []);
  } finally {
    await close();
    served.close();
  }
}

/** The events of a request to the ingest endpoint, as flag and variant. */
const eventsOf = ({ body }) =>
  JSON.parse(body).events.map(({ event_properties: { flag_key, variant } }) => `${flag_key}=${variant}`);

const withPolicy = (policy) => ({
  '/': {
    body: PAGE(CLIENT),
    headers: {
      'content-type': 'text/html',
      'content-security-policy': `script-src 'self' 'unsafe-inline' ${policy}`,
    },
  },
});

function tests() {
  test('what a page throws would be noticed', async () => {
    const throwing = `${CLIENT} setTimeout(() => { Promise.reject(new Error('one')); throw new Error('two'); });`;
    await assert.rejects(
      visit({}, ({ page }) => page.evaluate(() => new Promise((resolve) => setTimeout(resolve))), throwing),
      ({ actual }) =>
        actual.length === 2 &&
        actual.some((text) => text.includes('one')) &&
        actual.some((text) => text.includes('two')),
    );
  });

  test('a policy with wasm-unsafe-eval is all it takes', () =>
    visit(withPolicy("'wasm-unsafe-eval'"), async ({ page, said }) => {
      const value = await page.evaluate(
        async () => (await client.fetch({ user_id: 'u' })).variant('a').value,
      );
      assert.deepEqual([value, said], ['on', []]);
    }));

  test('under a policy without it fallbacks are answered, and one error says why', () =>
    visit(withPolicy(''), async ({ page, said }) => {
      const answer = await page.evaluate(async () => {
        await client.start({ user_id: 'u' });
        return (await client.fetch()).variant('a', 'off').value;
      });
      assert.equal(answer, 'off');
      assert.equal(said.filter((text) => text.includes('WebAssembly cannot be used here')).length, 1);
    }));

  test('a server that declares another charset does no harm', async () => {
    for (const charset of ['iso-8859-1', 'windows-1251', 'shift_jis']) {
      await visit(
        { '/index.js': { body: script, headers: { 'content-type': `text/javascript; charset=${charset}` } } },
        async ({ page }) =>
          assert.equal(
            await page.evaluate(async () => (await client.fetch({ user_id: 'u' })).variant('a').value),
            'on',
            charset,
          ),
      );
    }
  });

  test('a script tag gives the page the global Experiment', () =>
    visit(
      { '/global.js': { body: readFileSync(join(dist, 'experiment.global.min.js')) } },
      async ({ page }) => {
        await page.addScriptTag({ url: '/global.js' });
        const answers = await page.evaluate(() => [
          Experiment.Experiment.initialize('tag').variant('x', 'y').value,
          Experiment.initialize('tag') === Experiment.Experiment.initialize('tag'),
        ]);
        assert.deepEqual(answers, ['y', true]);
      },
    ));

  test('an exposure arrives with the identity, time and insert_id of the call', () =>
    visit({}, async ({ page, served }) => {
      await page.evaluate(async () => (await client.fetch({ user_id: 'u', device_id: 'd' })).variant('a'));
      const { method, headers, body } = await served.asked('/2/httpapi');
      const { api_key, events } = JSON.parse(body);
      assert.deepEqual(
        [method, headers['content-type'].split(';')[0], api_key, events.length],
        ['POST', 'text/plain', 'api-key', 1],
      );
      const [{ event_type, user_id, device_id, time, insert_id }] = events;
      assert.deepEqual(
        [event_type, user_id, device_id, typeof time, insert_id.length],
        ['$exposure', 'u', 'd', 'number', 64],
      );
    }));

  test('a trap with a timer and a fetch pending throws nothing into the page and loses no exposure', async () => {
    const held = deferred();
    const first = deferred();
    let polled = 0;
    const answers = {
      '/sdk/v2/vardata': async () => (polled++ ? (await held.promise, VARIANTS) : VARIANTS),
      '/2/httpapi': async () => (await first.promise, { code: 200 }),
    };
    await visit(
      answers,
      async ({ page, served, said }) => {
        await page.evaluate(async () => {
          await client.fetch({ user_id: 'u' });
          client.variant('a');
          globalThis.open = client.fetch().then(() => 'settled');
        });
        await served.asked('/sdk/v2/vardata');
        await served.asked('/sdk/v2/vardata');
        const answer = await page.evaluate(() => {
          poison();
          client.setUser({ user_id: 'u', user_properties: { a: 1 } });
          return [client.variant('b').value, instances.length];
        });
        assert.deepEqual(answer, ['on', 2]);
        held.resolve();
        first.resolve();
        assert.equal(await page.evaluate(() => open), 'settled');
        const delivered = new Set();
        while (delivered.size < 2)
          eventsOf(await served.asked('/2/httpapi')).forEach((event) => delivered.add(event));
        assert.deepEqual([...delivered].sort(), ['a=on', 'b=on']);
        await page.waitForFunction(
          () => !Object.keys(localStorage).some((key) => key.startsWith('EXP_outbox')),
        );
        const ids = served.requests
          .filter(({ path }) => path === '/2/httpapi')
          .flatMap(({ body }) => JSON.parse(body).events.map(({ insert_id }) => insert_id));
        assert.equal(new Set(ids).size, 2, 'what is sent again is the same event');
        assert.deepEqual(said, []);
      },
      `${POISON}${CLIENT}`,
    );
  });

  test('a trap in the middle of a delivery sends the same event again, not another', async () => {
    const held = deferred();
    let sent = 0;
    const answers = {
      '/2/httpapi': async () => (sent++ ? { code: 200 } : (await held.promise, { code: 200 })),
    };
    await visit(
      answers,
      async ({ page, served }) => {
        await page.evaluate(async () => (await client.fetch({ user_id: 'u' })).variant('a'));
        const before = JSON.parse((await served.asked('/2/httpapi')).body);
        await page.evaluate(() => poison());
        held.resolve();
        const again = JSON.parse((await served.asked('/2/httpapi')).body);
        assert.deepEqual(again.events, before.events);
        assert.equal(await page.evaluate(() => instances.length), 2);
      },
      `${POISON}${CLIENT}`,
    );
  });

  test('what waits is sent when the page goes away', async () => {
    await visit(
      { '/next': { body: '<!doctype html>', headers: { 'content-type': 'text/html' } } },
      async ({ page, served }) => {
        await page.evaluate(async () => {
          await client.fetch({ user_id: 'u' });
          client.variant('a');
        });
        // Not by the page itself: a context that is closed in the middle of a navigation may never close.
        await page.goto(`${served.origin}/next`);
        assert.deepEqual(eventsOf(await served.asked('/2/httpapi')), ['a=on']);
      },
    );
  });

  test('a delivery that is closed leaves no listener', () =>
    visit({}, async ({ page }) => {
      const left = await page.evaluate(async () => {
        const { HttpExposureTrackingProvider } = await import('/index.js');
        let listening = 0;
        for (const target of [globalThis, document]) {
          const { addEventListener, removeEventListener } = target;
          target.addEventListener = (...given) => (listening++, addEventListener.apply(target, given));
          target.removeEventListener = (...given) => (listening--, removeEventListener.apply(target, given));
        }
        const provider = new HttpExposureTrackingProvider({ apiKey: 'k', serverUrl: '/2/httpapi' });
        const during = listening;
        provider.close();
        return [during, listening];
      });
      assert.deepEqual(left, [3, 0]);
    }));
}
