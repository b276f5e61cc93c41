// Exposures on their way to a server: over networks that answer themselves, clocks that are wrong, pages that
// go, and who hears of what was given up.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { HttpExposureTrackingProvider } from 'experiment-wasm';
import { startServer } from '../e2e/server.mjs';
import { browsers, launch, open, scriptedServer } from './browser-fixture.mjs';
import { flags, local, scripted } from './local.mjs';
import { inNodeProcess, without } from './node-process.mjs';
import { assigned, visitor } from './visitor.mjs';

const script = readFileSync(
  join(dirname(createRequire(import.meta.url).resolve('experiment-wasm')), 'index.js'),
);
const DAYS = 86_400_000;
/** Nothing here takes so long, on a busy machine either: what waits for a request that does not come ends. */
const bounded = { timeout: 180_000 };
const HTML = {
  body: '<!doctype html><title>Log in to the network</title>',
  headers: { 'content-type': 'text/html' },
};

/** A page with a client that has as many variants as it wants, `{ f0: 'on', … }`. */
const PAGE = (
  endpoint,
  count,
) => `<!doctype html><title>page</title><link rel="icon" href="data:,"><script type="module">
  import * as sdk from '/index.js';
  globalThis.sdk = sdk;
  const keys = Array.from({ length: ${count} }, (_, at) => 'f' + at);
  globalThis.http = new sdk.HttpExposureTrackingProvider({ apiKey: 'demo-api-key', serverUrl: '${endpoint}' });
  globalThis.client = sdk.Experiment.initialize('key', {
    source: 'initialVariants', initialVariants: Object.fromEntries(keys.map((key) => [key, { key: 'on', value: 'on' }])),
    exposureTrackingProvider: http, pollOnStart: false, fetchOnStart: false,
  });
  globalThis.errors = [];
  client.on('error', ({ code }) => errors.push(code));
  globalThis.meet = () => keys.forEach((key) => client.variant(key));
  client.setUser({ user_id: 'u', device_id: 'd' });
  globalThis.ready = true;
</script>`;

/** What became of each event, as our server says it. */
const taken = ({ body }) => ({
  code: 200,
  verdicts: JSON.parse(body).events.map(({ insert_id }) => ({ insert_id, verdict: 'stored' })),
});
const idsOf = ({ body }) => JSON.parse(body).events.map(({ insert_id }) => insert_id);
const outboxOf = (page) =>
  page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('EXP_outbox')).length);

let browser;
for (const name of browsers) {
  describe(`in ${name}`, () => {
    before(async () => (browser = await launch(name)));
    after(() => browser?.close());
    tests(name);
  });
}

async function visit({ endpoint = '/2/httpapi', count = 1, answers = {}, first }, session) {
  const served = await scriptedServer({
    '/': { body: PAGE(endpoint, count), headers: HTML.headers },
    '/index.js': { body: script },
    '/2/httpapi': taken,
    '/other': HTML,
    ...answers,
  });
  const { page, close } = await open(browser, `${served.origin}/other`);
  try {
    if (first) await first(page);
    await page.goto(served.origin);
    await page.waitForFunction(() => globalThis.ready);
    await session({ page, served });
  } finally {
    await close();
    served.close();
  }
}

/** All events that were sent, until there are so many different ones. */
async function until(served, count) {
  const requests = [];
  while (new Set(requests.flatMap(idsOf)).size < count) requests.push(await served.asked('/2/httpapi'));
  return requests;
}

function tests(name) {
  test(
    'a network that answers itself delivers nothing, and when it is gone nothing is lost',
    bounded,
    async () => {
      for (const portal of [HTML, { body: '' }, {}]) {
        let asked = 0;
        const answers = { '/2/httpapi': (request) => (asked++ < 2 ? portal : taken(request)) };
        await visit({ count: 50, answers }, async ({ page, served }) => {
          await page.evaluate(() => meet());
          await served.asked('/2/httpapi');
          await served.asked('/2/httpapi');
          assert.equal(await outboxOf(page), 50);
          assert.equal(new Set((await until(served, 50)).flatMap(idsOf)).size, 50);
          await page.waitForFunction(
            () => !Object.keys(localStorage).some((key) => key.startsWith('EXP_outbox')),
          );
          assert.deepEqual(await page.evaluate(() => errors), ['DECODE'], 'said once');
        });
      }
    },
  );

  // Firefox may end the process of a closed page before a request has left it: then the next page sends what
  // is not delivered.
  const isCertain = name === 'chromium';
  test(
    `a page that is closed sends all that waits, and ${isCertain ? 'nothing twice' : 'what did not leave comes with the next page'}`,
    bounded,
    async () => {
      // Held back: what the page sent stays under way until it is gone.
      const answers = { '/2/httpapi': () => new Promise(() => {}) };
      await visit({ count: 100, answers }, async ({ page, served }) => {
        await page.evaluate(() => meet());
        const visitor = page.browserContext();
        await page.close();
        if (!isCertain) await (await visitor.newPage()).goto(served.origin);
        const ids = (await until(served, 100)).flatMap(idsOf);
        assert.equal(new Set(ids).size, 100);
        if (isCertain) assert.equal(ids.length, 100);
      });
    },
  );

  test(
    'a page that is left for another does too, also where the first requests are under way already',
    bounded,
    async () => {
      const answers = { '/2/httpapi': () => new Promise(() => {}) };
      await visit({ count: 100, answers }, async ({ page, served }) => {
        await page.evaluate(() => meet());
        const [first] = await until(served, 1);
        await page.goto(`${served.origin}/other`);
        const ids = [first, ...(await until(served, 100 - idsOf(first).length))].flatMap(idsOf);
        assert.deepEqual([ids.length, new Set(ids).size], [100, 100]);
      });
    },
  );

  test(
    'a page whose clock is wrong by days does not win against what came after, and not lose against what came before',
    bounded,
    async (t) => {
      const server = await startServer();
      t.after(() => server.stop());
      const property = async () => (await server.user({ user_id: 'u' })).user_properties['[Experiment] f0'];
      const send = (variant) =>
        fetch(`${server.origin}/2/httpapi`, {
          method: 'POST',
          body: JSON.stringify({
            api_key: 'demo-api-key',
            options: { min_id_length: 1 },
            events: [
              {
                event_type: '$exposure',
                user_id: 'u',
                device_id: 'd',
                time: Date.now(),
                event_properties: { flag_key: 'f0', variant },
              },
            ],
          }),
        });
      for (const days of [-3, 3]) {
        await send('before');
        const first = (page) =>
          page.evaluateOnNewDocument((off) => {
            const { now } = Date;
            Date.now = () => now() + off;
          }, days * DAYS);
        await visit({ endpoint: `${server.origin}/2/httpapi`, first }, async ({ page }) => {
          await page.evaluate(() => meet());
          await page.waitForFunction(
            () => !Object.keys(localStorage).some((key) => key.startsWith('EXP_outbox')),
          );
        });
        assert.equal(await property(), 'on', `${days} days`);
        await send('after');
        assert.equal(await property(), 'after', `${days} days`);
      }
    },
  );

  // The driver of the other browser cannot take a page offline.
  test('when the network is back exposures leave within two seconds', {
    ...bounded,
    skip: name !== 'chromium',
  }, async () => {
    await visit({}, async ({ page, served }) => {
      await page.evaluate(() => {
        const { fetch } = globalThis;
        globalThis.failed = 0;
        globalThis.fetch = (...given) => fetch(...given).catch((error) => (failed++, Promise.reject(error)));
      });
      await page.setOfflineMode(true);
      await page.evaluate(() => meet());
      // The next try is four to eight seconds away.
      await page.waitForFunction(() => failed === 4);
      await page.setOfflineMode(false);
      const before = performance.now();
      await served.asked('/2/httpapi');
      assert.ok(performance.now() - before < 2_500, `${performance.now() - before} ms`);
    });
  });

  test('a date in Retry-After counts as seconds do, for exposures and for fetches', bounded, async () => {
    const hour = () => ({
      body: '',
      status: 503,
      headers: {
        'retry-after': new Date(Date.now() + 1_800_000).toUTCString(),
        'access-control-expose-headers': 'Retry-After',
      },
    });
    await visit({ answers: { '/2/httpapi': hour, '/sdk/v2/vardata': hour } }, async ({ page }) => {
      await page.evaluate(async () => {
        globalThis.waits = [];
        const { setTimeout } = globalThis;
        globalThis.setTimeout = (run, wait) => (waits.push(wait), setTimeout(run, wait));
        meet();
        await sdk.Experiment.initialize('other', {
          instanceName: 'other',
          serverUrl: location.origin,
          pollOnStart: false,
        }).fetch({ user_id: 'u' });
      });
      await page.waitForFunction(
        () => waits.filter((wait) => wait > 1_700_000 && wait <= 1_801_000).length === 2,
      );
    });
  });

  test(
    'what an earlier address left is removed when it is old, and the client hears of it',
    bounded,
    async () => {
      const first = (page) =>
        page.evaluate((week) => {
          const left = (key, age) =>
            localStorage.setItem(
              `EXP_outbox_v1_${key}`,
              JSON.stringify({ v: 1, at: Date.now() - age, event: { insert_id: key } }),
            );
          left('00000000_old', week);
          left('00000000_young', week / 2);
        }, 7 * DAYS);
      await visit({ first }, async ({ page }) => {
        await page.waitForFunction(() => errors.length);
        const left = await page.evaluate(() => [
          errors,
          Object.keys(localStorage).filter((key) => key.startsWith('EXP_outbox')),
        ]);
        assert.deepEqual(left, [['EXPIRED'], ['EXP_outbox_v1_00000000_young']]);
      });
    },
  );
}

test('every client of a provider hears what was given up, and none that is closed', bounded, async (t) => {
  const refused = {
    status: 400,
    body: {
      code: 400,
      error: 'Invalid field values on some events',
      events_with_invalid_fields: { time: [0] },
    },
  };
  const server = await scripted(t, refused);
  const logged = [];
  const loggerProvider = { error: (said, error) => logged.push([said, error?.code]) };
  const http = new HttpExposureTrackingProvider({
    apiKey: 'k',
    serverUrl: `${server.serverUrl}/2/httpapi`,
    loggerProvider,
  });
  t.after(() => http.close());
  const heard = [];
  const clients = [0, 1].map((at) => {
    const { client } = visitor({
      exposureTrackingProvider: http,
      source: 'initialVariants',
      initialVariants: { a: assigned('on'), b: assigned('on') },
    });
    client.setUser({ user_id: `u${at}` });
    client.on('error', (error) => heard.push([at, error.name, error.code]));
    return client;
  });
  const dropped = (times) => new Promise((resolve) => clients[1].on('error', () => --times || resolve()));
  const first = dropped(1);
  clients[0].variant('a');
  await first;
  assert.deepEqual(heard, [
    [0, 'ExperimentError', 'SERVER_REJECTED'],
    [1, 'ExperimentError', 'SERVER_REJECTED'],
  ]);
  clients[0].close();
  const second = dropped(1);
  clients[1].variant('b');
  await second;
  assert.deepEqual(heard.slice(2), [[1, 'ExperimentError', 'SERVER_REJECTED']]);
  assert.deepEqual(
    logged,
    Array(2).fill(['[Experiment] an exposure was given up', 'SERVER_REJECTED']),
    'logged by the provider, not by each client',
  );
});

test(
  'an exposure that is too large, one too many, and one that waits for a core that never comes are told by their codes',
  bounded,
  async (t) => {
    const server = await scripted(t, { status: 413, body: { code: 413, error: 'Payload too large' } });
    const codes =
      await inNodeProcess(`const { Experiment, HttpExposureTrackingProvider } = await import('experiment-wasm');
    const loggerProvider = { error() {}, warn() {}, info() {}, debug() {}, verbose() {} };
    const http = new HttpExposureTrackingProvider({ apiKey: 'k', serverUrl: '${server.serverUrl}', loggerProvider });
    const client = Experiment.initialize('key', { exposureTrackingProvider: http, loggerProvider });
    const codes = [];
    client.on('error', ({ code }) => codes.push(code));
    for (let at = 0; at <= 2_000; at++) http.track({}, { insert_id: 'i' + at });
    const many = codes.splice(0);
    while (!codes.length) await new Promise((resolve) => setTimeout(resolve, 20));
    http.close();
    client.close();
    console.log(JSON.stringify([many, codes[0]]));`);
    assert.deepEqual(codes, [['QUEUE_FULL'], 'TOO_LARGE']);
    const late =
      await inNodeProcess(`${without.compilingAtOnce} WebAssembly.compile = () => new Promise((_, reject) => setTimeout(reject, 50, new Error('no')));
    const { Experiment, HttpExposureTrackingProvider } = await import('experiment-wasm');
    const loggerProvider = { error() {}, warn() {}, info() {}, debug() {}, verbose() {} };
    const http = new HttpExposureTrackingProvider({ apiKey: 'k', serverUrl: 'http://127.0.0.1:1/', loggerProvider });
    const codes = [];
    Experiment.initialize('key', { exposureTrackingProvider: http, loggerProvider }).on('error', ({ code }) => codes.push(code));
    for (let at = 0; at <= 512; at++) http.track({}, { insert_id: 'i' + at });
    const many = codes.splice(0);
    await new Promise((resolve) => setTimeout(resolve, 200));
    console.log(JSON.stringify([many, codes.filter((code) => code === 'WASM_UNAVAILABLE').length]));`);
    assert.deepEqual(late, [['QUEUE_FULL'], 513], 'and the client says so itself once');
  },
);

test(
  'a process whose clock is wrong by days neither wins against what came after, nor loses against what came before',
  bounded,
  async (t) => {
    const config = join(mkdtempSync(join(tmpdir(), 'config-')), 'config.json');
    const demo = JSON.parse(readFileSync(new URL('../../www/demo.json', import.meta.url), 'utf8'));
    demo.projects[0].settings = { assignments_set_properties: true };
    writeFileSync(config, JSON.stringify(demo));
    const server = await startServer({ config });
    t.after(() => server.stop() && rmSync(dirname(config), { recursive: true }));
    const user = { user_id: 'clock', device_id: 'clock-device' };
    const property = async () =>
      (await server.user({ user_id: 'clock' })).user_properties['[Experiment] values'];
    const send = (variant) =>
      fetch(`${server.origin}/2/httpapi`, {
        method: 'POST',
        body: JSON.stringify({
          api_key: 'demo-api-key',
          events: [
            {
              event_type: '$exposure',
              ...user,
              time: Date.now(),
              event_properties: { flag_key: 'values', variant },
            },
          ],
        }),
      });
    for (const days of [-3, 3]) {
      await send('before');
      await inNodeProcess(`const { now } = Date;
      Date.now = () => now() + ${days * DAYS};
      const { HttpAssignmentTrackingProvider, LocalEvaluationClient } = await import('experiment-wasm/evaluate');
      const assignmentTrackingProvider = new HttpAssignmentTrackingProvider({ apiKey: 'demo-api-key', serverUrl: '${server.origin}/2/httpapi' });
      const client = new LocalEvaluationClient('key', { bootstrap: ${JSON.stringify(flags)}, assignmentTrackingProvider });
      client.evaluateV2(${JSON.stringify(user)});
      await assignmentTrackingProvider.flush();
      console.log('1');`);
      assert.equal(await property(), 'many', `${days} days`);
      await send('after');
      assert.equal(await property(), 'after', `${days} days`);
    }
  },
);

test('a process ends where somebody else answers in place of the endpoint', bounded, async (t) => {
  const server = await scripted(t, { body: '<!doctype html>' });
  const before = performance.now();
  await inNodeProcess(`const { HttpAssignmentTrackingProvider, LocalEvaluationClient } = await import('experiment-wasm/evaluate');
    const loggerProvider = { error() {} };
    const assignmentTrackingProvider = new HttpAssignmentTrackingProvider({ apiKey: 'key', serverUrl: '${server.serverUrl}', loggerProvider });
    const client = new LocalEvaluationClient('key', { bootstrap: ${JSON.stringify(flags)}, assignmentTrackingProvider });
    client.evaluateV2({ user_id: 'u' });
    console.log('1');`);
  assert.equal(server.asked.length, 1);
  assert.ok(performance.now() - before < 20_000);
});

test('a date in Retry-After keeps a process from asking again at once', bounded, async (t) => {
  const server = await scripted(t, {
    status: 503,
    headers: { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() },
  });
  const { client } = local({ serverUrl: server.serverUrl });
  await assert.rejects(client.refresh(), { code: 'HTTP_STATUS' });
  assert.equal(server.asked.length, 1);
});
