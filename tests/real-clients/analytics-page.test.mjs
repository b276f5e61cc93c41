// What only a page does with @amplitude/analytics-browser: sessions, the campaign, who logs in and out, and
// leaving while events wait.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startServer } from '../e2e/server.mjs';
import { browsers } from '../package/browser-fixture.mjs';
import { openEnvironment } from './environments.mjs';
import { config } from './persistent-server.mjs';
import { tap } from './tap.mjs';

let server;
let line;
let here;
before(async () => {
  server = await startServer({ config });
  line = await tap(server.origin);
});
after(async () => {
  line?.close();
  await server?.stop();
});

const types = (events) => events.map(({ event_type }) => event_type);

for (const name of browsers) {
  describe(`in ${name}`, () => {
    before(async () => void (here = await openEnvironment(name)));
    after(() => here?.close());
    scenarios(name);
  });
}

function scenarios(browser) {
  const serverUrl = () => `${line.origin}/2/httpapi`;

  test('as it comes it tells the campaign, the session and the page, and the next session', () =>
    here.visit(async ({ run }) => {
      const deviceId = `defaults-${browser}`;
      const session = await run(
        async (options) => {
          const client = sdk.createInstance();
          await client.init('shop-api-key', { fetchRemoteConfig: false, ...options }).promise;
          await client.track('Buy').promise;
          const next = client.getSessionId() + 1;
          await client.setSessionId(next).promise;
          return next;
        },
        { serverUrl: serverUrl(), deviceId },
      );
      const events = await server.events({ device_id: deviceId });
      assert.deepEqual(types(events).sort(), [
        '$identify',
        'Buy',
        '[Amplitude] Page Viewed',
        'session_end',
        'session_start',
        'session_start',
      ]);
      const sent = line
        .asked('/2/httpapi')
        .flatMap(({ body }) => JSON.parse(body).events)
        .filter(({ device_id }) => device_id === deviceId);
      assert.deepEqual(
        sent.filter(({ session_id }) => session_id === session).map(({ event_type }) => event_type),
        ['session_start'],
      );
      const { user_properties } = await server.user({ device_id: deviceId });
      assert.equal(user_properties.utm_source, 'letter');
      assert.deepEqual(
        [user_properties.initial_utm_source, user_properties.initial_utm_medium],
        ['letter', 'EMPTY'],
      );
      assert.equal('utm_medium' in user_properties, false);
    }, '?utm_source=letter'));

  test('who logs in keeps what they brought, the next user of the device has their own, and after a reset nobody is known', () =>
    here.visit(async ({ run }) => {
      const [first, second] = [`mira-${browser}`, `jonas-${browser}`];
      const devices = await run(
        async (options, users) => {
          const client = await start(options);
          const identify = (name, value) => client.identify(new sdk.Identify().set(name, value)).promise;
          const devices = [client.getDeviceId()];
          await identify('seen', 'anonymous');
          client.setUserId(users[0]);
          await identify('plan', 'pro');
          client.setUserId(users[1]);
          await identify('plan', 'free');
          client.reset();
          await client.track('Buy').promise;
          return [...devices, client.getDeviceId()];
        },
        { serverUrl: serverUrl() },
        [first, second],
      );
      const [mira, jonas, nobody] = await Promise.all(
        [{ user_id: first }, { user_id: second }, { device_id: devices[1] }].map((who) => server.user(who)),
      );
      assert.deepEqual(
        [mira.user_properties, jonas.user_properties, nobody.user_properties],
        [{ seen: 'anonymous', plan: 'pro' }, { plan: 'free' }, {}],
      );
      assert.equal(nobody.user_id, null);
      const stored = await server.events({ device_id: devices[0] });
      assert.deepEqual(
        stored.map(({ user_id }) => user_id),
        [null, first, second],
      );
    }));

  test('events that wait when the page is left come as a beacon, and the next page makes none of them twice', () =>
    here.visit(async ({ run, page, isReady }) => {
      const deviceId = `leaving-${browser}`;
      const options = { serverUrl: serverUrl(), deviceId, flushIntervalMillis: 60_000 };
      await run(async (options) => {
        const client = await start(options);
        addEventListener('pagehide', () => {
          client.setTransport('beacon');
          client.flush();
        });
        for (let at = 0; at < 3; at++) client.track('Buy', { at });
        // They stand in the storage when they are in the queue.
        const waiting = () => JSON.parse(localStorage.getItem('AMP_unsent_shop-api-k') ?? '[]').length;
        while (waiting() < 3) await new Promise((wake) => setTimeout(wake, 10));
      }, options);
      const before = line.asked('/2/httpapi').length;
      await page.reload();
      await isReady();
      await line.until(() => line.asked('/2/httpapi').length > before);
      const [beacon] = line.asked('/2/httpapi').slice(before);
      assert.equal(beacon.headers['content-type'], 'text/plain;charset=UTF-8');
      assert.equal(JSON.parse(beacon.body).events.length, 3);
      await run(async (options) => (await start(options)).track('Buy', { at: 3 }).promise, {
        ...options,
        flushIntervalMillis: 50,
      });
      const events = await server.events({ device_id: deviceId });
      assert.deepEqual(events.map(({ event_properties }) => event_properties.at).sort(), [0, 1, 2, 3]);
    }));
}
