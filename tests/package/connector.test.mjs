// The connector that Amplitude's SDKs meet at, beside the original, and the real analytics SDK on a page with
// the sources here.
import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { browsers, launch, open, scriptedServer } from './browser-fixture.mjs';
import {
  AnalyticsConnector,
  bundle,
  complaints,
  globals,
  globalsAfter,
  globalsBefore,
  numbers,
  ours,
  same,
  script,
} from './reference-pair.mjs';

const KEY = '0123456789abcdef0123456789abcdef';

test('importing touches no global', () => assert.deepEqual(globalsAfter, globalsBefore));

test('whoever comes first makes the connector, the other uses it', () => {
  const first = ours.analyticsConnector('ours first');
  assert.equal(AnalyticsConnector.getInstance('ours first'), first);
  assert.equal(ours.analyticsConnector('ours first'), first);
  const second = AnalyticsConnector.getInstance('theirs first');
  assert.equal(ours.analyticsConnector('theirs first'), second);
  assert.equal(globalThis.analyticsConnectorInstances['theirs first'], second);
});

test('a connector under a name that every object has is a connector', () => {
  for (const name of ['constructor', 'toString', '__proto__'])
    assert.deepEqual(ours.analyticsConnector(name).identityStore.getIdentity(), { userProperties: {} });
});

test('a page whose global object is closed has a connector of its own', (t) => {
  globals(t, { analyticsConnectorInstances: Object.freeze({}) });
  ours.analyticsConnector('closed').eventBridge.logEvent({ eventType: 'a' });
});

test('the receiver has its name in the bridge, in the built script too', () => {
  const receiver = () => {};
  const { eventBridge } = ours.analyticsConnector('receiver');
  assert.equal(eventBridge.receiver, undefined);
  eventBridge.setEventReceiver(receiver);
  assert.equal(eventBridge.receiver, receiver);
});

const VALUES = [
  undefined,
  null,
  0,
  1,
  '',
  'a',
  true,
  [],
  {},
  [1],
  [1, 2],
  ['1'],
  { a: 1 },
  { a: undefined },
  { b: { c: [1] } },
  { length: 1 },
  { 0: 1 },
  { a: null, b: 1 },
];
const NAMES = ['a', 'b', 'c', 'constructor'];

/**
 * One call to a connector, chosen by `pick` and the same for both sides. `heard` collects what listeners
 * receive.
 */
function step(connector, pick, heard, listeners) {
  const { identityStore, eventBridge } = connector;
  const value = () => structuredClone(VALUES[pick(VALUES.length)]);
  const properties = () =>
    Object.fromEntries(Array.from({ length: pick(3) }, () => [NAMES[pick(NAMES.length)], value()]));
  const listener = listeners[pick(listeners.length)];
  const edits = [
    (editor) => editor.setUserId(value()),
    (editor) => editor.setDeviceId(value()),
    (editor) => editor.setUserProperties(pick(4) ? properties() : undefined),
    (editor) => editor.setOptOut(value()),
    (editor) => editor.updateUserProperties({ $set: properties(), $unset: properties() }),
    (editor) =>
      editor.updateUserProperties({
        $unset: properties(),
        $clearAll: '-',
        $set: properties(),
        $add: properties(),
      }),
  ];
  const moves = [
    () =>
      identityStore.setIdentity(
        Object.fromEntries(
          ['userId', 'deviceId', 'userProperties', 'optOut']
            .filter(() => pick(2))
            .map((name) => [name, value()]),
        ),
      ),
    () => identityStore.setIdentity(identityStore.getIdentity()),
    () =>
      Array.from({ length: pick(4) }, () => edits[pick(edits.length)])
        .reduce((editor, edit) => edit(editor), identityStore.editIdentity())
        .commit() && undefined,
    () => identityStore.editIdentity().setUserId('lost') && undefined,
    () => identityStore.addIdentityListener(listener),
    () => identityStore.removeIdentityListener(listener),
    () => eventBridge.logEvent({ eventType: String(pick(100)), eventProperties: properties() }),
    () => pick(5) || eventBridge.setEventReceiver((event) => heard.push(['event', structuredClone(event)])),
  ];
  return moves[pick(moves.length)]();
}

test('a thousand scripts of calls have the same answers, and tell listeners and receivers the same', () => {
  let calls = 0;
  for (let seed = 0; seed < 1_000; seed++) {
    const log = same(({ connector }) => {
      const pick = numbers(seed);
      const made = connector();
      const log = [];
      const listeners = [0, 1, 2].map((id) => (identity) => log.push([id, structuredClone(identity)]));
      for (let at = 0; at < 30; at++)
        log.push([
          'answer',
          step(made, pick, log, listeners),
          structuredClone(made.identityStore.getIdentity()),
        ]);
      return log;
    }, `script ${seed}`);
    calls += log.filter(([who]) => who !== 'answer').length;
  }
  assert.ok(calls > 5_000, `${calls} calls of listeners and receivers`);
});

test('events wait for the receiver in order, 512 of them', () => {
  const seen = same(({ connector }) => {
    const { eventBridge } = connector();
    const seen = [];
    for (let at = 0; at < 600; at++) eventBridge.logEvent({ eventType: String(at) });
    eventBridge.setEventReceiver(({ eventType }) => seen.push(eventType));
    eventBridge.logEvent({ eventType: 'later' });
    eventBridge.setEventReceiver(({ eventType }) => seen.push(`other ${eventType}`));
    eventBridge.logEvent({ eventType: 'last' });
    return seen;
  });
  assert.deepEqual(
    [seen.length, seen[0], seen[511], ...seen.slice(512)],
    [514, '0', '511', 'later', 'other last'],
  );
});

test('a listener that adds, removes and edits is followed', () =>
  same(({ connector }) => {
    const { identityStore } = connector();
    const seen = [];
    const once = (identity) => {
      seen.push(['once', identity.userId]);
      identityStore.removeIdentityListener(once);
      identityStore.addIdentityListener((next) => seen.push(['added', next.userId]));
      identityStore.editIdentity().setUserId('edited').commit();
    };
    identityStore.addIdentityListener(once);
    identityStore.addIdentityListener((identity) => seen.push(['always', identity.userId]));
    identityStore.setIdentity({ userId: 'set' });
    identityStore.setIdentity({ userId: 'again' });
    return seen;
  }));

test('the context of the page is the same', (t) => {
  const fields = ({ versionName, language, platform, os, deviceModel }) => ({
    versionName,
    language,
    platform,
    os,
    deviceModel,
  });
  for (const navigator of [
    undefined,
    {},
    { language: 'de' },
    { languages: [], language: 'de' },
    { languages: ['fr', 'de'], language: 'de' },
  ]) {
    globals(t, { navigator });
    same(({ connector }) => {
      const { applicationContextProvider } = connector();
      const before = fields(applicationContextProvider.getApplicationContext());
      applicationContextProvider.versionName = '1.2.3';
      return [before, fields(applicationContextProvider.getApplicationContext())];
    });
  }
});

test('a listener that throws stops nobody, and its error is on the console', (t) => {
  const said = complaints(t);
  const { identityStore } = ours.analyticsConnector('throws');
  const seen = [];
  const error = new Error('of the page');
  identityStore.addIdentityListener(() => {
    throw error;
  });
  identityStore.addIdentityListener(({ userId }) => seen.push(userId));
  identityStore.editIdentity().setUserId('u').commit();
  assert.deepEqual([seen, said], [['u'], [error]]);
});

test('a receiver that throws while events wait gets the others, each once', (t) => {
  const said = complaints(t);
  const { eventBridge } = ours.analyticsConnector('drain');
  const seen = [];
  const receive = ({ eventType }) => {
    seen.push(eventType);
    if (eventType === 'a') throw new Error('full');
  };
  for (const eventType of ['a', 'b', 'c']) eventBridge.logEvent({ eventType });
  eventBridge.setEventReceiver(receive);
  eventBridge.setEventReceiver(receive);
  assert.deepEqual([seen, said.length], [['a', 'b', 'c'], 1]);
  assert.throws(() => eventBridge.logEvent({ eventType: 'a' }), /full/);
});

test('an identity that was handed in or out is not the one that is kept', () =>
  same(({ connector }) => {
    const { identityStore } = connector();
    const given = { userId: 'u' };
    identityStore.setIdentity(given);
    given.userId = identityStore.getIdentity().userId = 'changed';
    return identityStore.getIdentity();
  }));

test('the properties a page handed in stay as they are', () => {
  const given = { plan: 'pro' };
  const { identityStore } = ours.analyticsConnector('given');
  identityStore
    .editIdentity()
    .setUserProperties(given)
    .updateUserProperties({ $set: { seats: 3 } })
    .commit();
  assert.deepEqual(
    [given, identityStore.getIdentity().userProperties],
    [{ plan: 'pro' }, { plan: 'pro', seats: 3 }],
  );
});

// ---- the real SDK
// ----------------------------------------------------------------------------------------------------

let browser;
for (const name of browsers) {
  describe(`in ${name}`, () => {
    before(async () => (browser = await launch(name)));
    after(() => browser?.close());
    withTheRealSdk();
  });
}

const ANALYTICS = `export { init, identify, setUserId, Identify } from '@amplitude/analytics-browser';`;

/**
 * A page with the sources here, which can load Amplitude's analytics SDK. `session` gets the page; every
 * request has to stay on this machine.
 */
async function visit(session) {
  const accept = ({ body }) => ({
    code: 200,
    events_ingested: JSON.parse(body).events.length,
    payload_size_bytes: 1,
    server_upload_time: 1,
  });
  const start = `import * as ours from '/ours.js';
    const loadAnalytics = async () => {
      const sdk = await import('/analytics.js');
      const options = { serverUrl: location.origin + '/2/httpapi', autocapture: false, fetchRemoteConfig: false, enableDiagnostics: false, flushQueueSize: 1, logLevel: 0 };
      await sdk.init('${KEY}', 'user', options).promise;
      return sdk;
    };
    Object.assign(globalThis, { ours, loadAnalytics, ready: true });`;
  const served = await scriptedServer({
    '/': {
      body: `<!doctype html><title>page</title><link rel="icon" href="data:,"><script type="module">${start}</script>`,
      headers: { 'content-type': 'text/html' },
    },
    '/ours.js': { body: script },
    '/analytics.js': { body: await bundle(ANALYTICS, dirname(fileURLToPath(import.meta.url))) },
    '/2/httpapi': accept,
  });
  const { page, thrown, close } = await open(browser, served.origin);
  const elsewhere = [];
  page.on(
    'request',
    (request) =>
      [served.origin, 'data:'].some((start) => request.url().startsWith(start)) ||
      elsewhere.push(request.url()),
  );
  try {
    await page.waitForFunction(() => globalThis.ready);
    await session({ page, served });
    assert.deepEqual([thrown, elsewhere], [[], []]);
  } finally {
    await close();
    served.close();
  }
}

/** The exposures that the server is sent, until there are as many. */
async function exposures(served, count) {
  const events = [];
  while (events.length < count) {
    const { body } = await served.asked('/2/httpapi');
    events.push(...JSON.parse(body).events.filter(({ event_type }) => event_type === '$exposure'));
  }
  return events;
}

function withTheRealSdk() {
  test('the real SDK uses a connector that was there before it: it takes the exposures, and says who is there', () =>
    visit(async ({ page, served }) => {
      const seen = await page.evaluate(async (key) => {
        const connector = ours.analyticsConnector('$default_instance');
        const plugin = new ours.AmplitudeIntegrationPlugin(key, connector, 60_000);
        const exposure = (variant) => ({
          eventType: '$exposure',
          eventProperties: {
            flag_key: 'flag',
            variant,
            experiment_key: 'exp',
            metadata: { x: 1 },
            time: 1_700_000_000_000,
          },
        });
        const ready = plugin.setup();
        const early = plugin.track(exposure('early'));
        connector.eventBridge.logEvent(exposure('queued'));
        const sdk = await loadAnalytics();
        await ready;
        const taken = plugin.track(exposure('taken'));
        await sdk.identify(new sdk.Identify().set('plan', 'pro')).promise;
        const user = JSON.parse(JSON.stringify(plugin.getUser()));
        sdk.setUserId('other');
        return {
          early,
          taken,
          user,
          other: plugin.getUser().user_id,
          same: analyticsConnectorInstances.$default_instance === connector,
        };
      }, KEY);
      const { device_id } = seen.user;
      assert.ok(device_id);
      assert.deepEqual(seen, {
        early: false,
        taken: true,
        user: { user_id: 'user', device_id, user_properties: { plan: 'pro' } },
        other: 'other',
        same: true,
      });
      const events = await exposures(served, 2);
      assert.deepEqual(
        events.map(({ user_id, device_id, time, event_properties }) => ({
          user_id,
          device_id,
          time,
          event_properties,
        })),
        ['queued', 'taken'].map((variant) => ({
          user_id: 'user',
          device_id,
          time: 1_700_000_000_000,
          event_properties: { flag_key: 'flag', variant, experiment_key: 'exp', metadata: { x: 1 } },
        })),
      );

      // The next page has no SDK yet, but its cookie.
      await page.reload();
      await page.waitForFunction(() => globalThis.ready);
      const next = await page.evaluate(
        (key) =>
          new ours.AmplitudeIntegrationPlugin(key, ours.analyticsConnector('$default_instance'), 1).getUser(),
        KEY,
      );
      assert.deepEqual([next.user_id, next.device_id], ['other', device_id]);
    }));

  test('a connector that the real SDK made is used', () =>
    visit(async ({ page, served }) => {
      const seen = await page.evaluate(async () => {
        await loadAnalytics();
        const plugin = new ours.AmplitudeIntegrationPlugin(
          undefined,
          ours.analyticsConnector('$default_instance'),
          60_000,
        );
        await plugin.setup();
        return [
          plugin.track({ eventType: '$exposure', eventProperties: { flag_key: 'flag' } }),
          plugin.getUser().user_id,
        ];
      });
      assert.deepEqual(seen, [true, 'user']);
      assert.equal((await exposures(served, 1))[0].event_properties.flag_key, 'flag');
    }));
}
