// What Amplitude's SDKs meet: the plugin, the deprecated providers and the types. The same calls go to the
// sources here and to the originals.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import reference from '@amplitude/experiment-js-client';
import ts from 'typescript';
import {
  complaints,
  globals,
  listened,
  numbers,
  ours,
  same,
  sides,
  source,
  timers,
} from './reference-pair.mjs';

const KEY = '0123456789abcdef0123456789abcdef';
const NEW = 'AMP_0123456789';
const OLD = 'amp_012345';
const state = (identity) => btoa(encodeURIComponent(JSON.stringify(identity)));
const storage = (entries) => ({ getItem: (name) => entries[name] ?? null });
const blocked = {
  getItem() {
    throw new Error('SecurityError');
  },
};

/** What an earlier page left behind. */
const page = (t, { cookie = '', local = {}, session = {} }) =>
  globals(t, {
    document: { cookie },
    localStorage: local.getItem ? local : storage(local),
    sessionStorage: session.getItem ? session : storage(session),
  });

const json = JSON.stringify;
const STORED = {
  nothing: {},
  'a cookie': { cookie: `x=1; ${NEW}=${state({ deviceId: 'd', userId: 'ü', optOut: true })}; y=2` },
  'a cookie without a user': { cookie: `${NEW}=${state({ deviceId: 'dd' })}` },
  'an encoded cookie': { cookie: `${NEW}=${encodeURIComponent(state({ deviceId: 'd', userId: 'u%' }))}` },
  'a cookie set twice': {
    cookie: `${NEW}=${state({ deviceId: 'first' })}; ${NEW}=${state({ deviceId: 'last' })}`,
  },
  'the cookie of another key': {
    cookie: `${NEW}0=${state({ deviceId: 'd' })}; x${NEW}=${state({ deviceId: 'd' })}`,
  },
  'an empty cookie': { cookie: `${NEW}=; ${OLD}=d.` },
  'an old cookie': { cookie: `${OLD}=device.${btoa('user')}..1.2.3` },
  'an old cookie without a user': { cookie: `${OLD}=device...1.2.3` },
  'an old cookie whose user is no base64': {
    cookie: `${OLD}=device.!.`,
    local: { [NEW]: json({ deviceId: 'local' }) },
  },
  'both cookies': { cookie: `${OLD}=old.; ${NEW}=${state({ deviceId: 'new' })}` },
  'a cookie that is no base64': { cookie: `${NEW}=!; ${OLD}=old.` },
  'a cookie that is no JSON': {
    cookie: `${NEW}=${btoa('{')}`,
    session: { [NEW]: json({ deviceId: 'session' }) },
  },
  'a cookie that is null': { cookie: `${NEW}=${state(null)}; ${OLD}=old.` },
  'local storage': {
    local: { [NEW]: json({ deviceId: 'local', userId: 'u' }) },
    session: { [NEW]: json({ deviceId: 'session' }) },
  },
  'malformed local storage': { local: { [NEW]: '{' }, session: { [NEW]: json({ deviceId: 'session' }) } },
  'local storage without an object': {
    local: { [NEW]: '5' },
    session: { [NEW]: json({ deviceId: 'session' }) },
  },
  'blocked local storage': { local: blocked, session: { [NEW]: json({ deviceId: 'session', userId: 'u' }) } },
  'blocked storage': { local: blocked, session: blocked },
};

for (const [what, left] of Object.entries(STORED)) {
  test(`the user of an earlier page is found: ${what}`, (t) => {
    page(t, left);
    for (const before of [
      undefined,
      {},
      { userId: 'known' },
      { userId: 'known', deviceId: 'too', userProperties: { a: 1 } },
    ]) {
      same(({ AmplitudeIntegrationPlugin, connector }) => {
        const made = connector();
        const seen = [];
        made.applicationContextProvider.versionName = '1.0';
        if (before) made.identityStore.setIdentity(before);
        made.identityStore.addIdentityListener((identity) => seen.push(structuredClone(identity)));
        const plugin = new AmplitudeIntegrationPlugin(KEY, made, 10_000);
        return [plugin.type, plugin.getUser(), seen];
      });
    }
  });
}

test('a deployment key is not looked up, nor is none', (t) => {
  page(t, {
    cookie: `AMP_client-abc=${state({ deviceId: 'd' })}; amp_client=d.; AMP_=${state({ deviceId: 'd' })}`,
    local: { undefined: json({ deviceId: 'd' }) },
  });
  for (const key of ['client-abcdefgh', '', undefined]) {
    assert.equal(
      same(({ AmplitudeIntegrationPlugin, connector }) =>
        new AmplitudeIntegrationPlugin(key, connector(), 1).getUser(),
      ).device_id,
      undefined,
    );
  }
});

test('a cookie with broken percent-encoding counts as not there', (t) => {
  page(t, { cookie: `${NEW}=%E0%A4%A; ${OLD}=%`, local: { [NEW]: json({ deviceId: 'local' }) } });
  const made = ({ AmplitudeIntegrationPlugin, connector }) =>
    new AmplitudeIntegrationPlugin(KEY, connector(), 1).getUser().device_id;
  assert.throws(() => made(sides.theirs), URIError);
  assert.equal(made(sides.ours), 'local');
});

test('without document and storage nobody is there', () =>
  assert.equal(
    same(({ AmplitudeIntegrationPlugin, connector }) =>
      new AmplitudeIntegrationPlugin(KEY, connector(), 1).getUser(),
    ).device_id,
    undefined,
  ));

test('the user of an old cookie is UTF-8', (t) => {
  page(t, { cookie: `${OLD}=d.${Buffer.from('jürgen').toString('base64')}.` });
  assert.equal(
    new ours.AmplitudeIntegrationPlugin(KEY, ours.analyticsConnector('utf-8'), 1).getUser().user_id,
    'jürgen',
  );
});

test('a stored state without a device leaves the one that is there', (t) => {
  for (const [stored, user_id] of [
    [{ sessionId: 1 }, undefined],
    [{ userId: 'u' }, 'u'],
  ]) {
    page(t, { cookie: `${NEW}=${state(stored)}` });
    const connector = sides.ours.connector();
    connector.identityStore.setIdentity({ deviceId: 'live' });
    const user = new ours.AmplitudeIntegrationPlugin(KEY, connector, 1).getUser();
    assert.deepEqual([user.user_id, user.device_id], [user_id, 'live']);
  }
});

test('a listener of the page that throws in a connector of theirs does not reach who makes the plugin', (t) => {
  const said = complaints(t);
  page(t, { cookie: `${NEW}=${state({ deviceId: 'd' })}` });
  const connector = sides.theirs.connector();
  connector.identityStore.addIdentityListener(() => {
    throw new Error('of the page');
  });
  assert.equal(new ours.AmplitudeIntegrationPlugin(KEY, connector, 1).getUser().device_id, 'd');
  assert.equal(said.length, 1);
});

/** Lets promises settle. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** How a promise stands. */
function followed(promise) {
  const seen = { now: 'pending' };
  promise?.then(
    () => (seen.now = 'resolved'),
    (reason) => Object.assign(seen, { now: 'rejected', reason }),
  );
  return seen;
}

/** A plugin of each side, its setup under way, and how often it fetched. */
function setUp(timeoutMillis, config, of = Object.values(sides)) {
  return of.map(({ AmplitudeIntegrationPlugin, connector }) => {
    const made = connector();
    const side = {
      made,
      fetched: 0,
      listeners: listened(made),
      plugin: new AmplitudeIntegrationPlugin('client-key', made, timeoutMillis),
    };
    const fetch = () => ++side.fetched && Promise.reject(new Error('offline'));
    // The original leaves this rejection to the page.
    const client = {
      fetch: side.plugin.teardown ? fetch : () => (fetch().catch(() => {}), Promise.resolve()),
    };
    return { ...side, side, seen: followed(side.plugin.setup?.(config, client)) };
  });
}

test('without a time to wait there is no setup', () => {
  for (const { plugin } of [...setUp(0), ...setUp(-1)]) assert.equal(plugin.setup, undefined);
});

test('setup resolves at once when somebody is there', async (t) => {
  const { open } = timers(t);
  for (const { AmplitudeIntegrationPlugin, connector } of Object.values(sides)) {
    const made = connector();
    made.identityStore.setIdentity({ deviceId: 'd' });
    await new AmplitudeIntegrationPlugin('client-key', made, 10_000).setup();
  }
  assert.equal(open.size, 0);
});

test('setup resolves when somebody comes, and leaves no timer and no listener', async (t) => {
  const { open } = timers(t);
  const both = setUp(10_000);
  await turn();
  assert.deepEqual(
    [...open.values()].map(({ millis }) => millis),
    [10_000, 10_000],
  );
  assert.deepEqual(
    both.map(({ seen }) => seen.now),
    ['pending', 'pending'],
  );
  for (const { made } of both) made.identityStore.editIdentity().setDeviceId('d').commit();
  await turn();
  assert.deepEqual(
    both.map(({ seen, listeners }) => [seen.now, listeners.size]),
    [
      ['resolved', 0],
      ['resolved', 0],
    ],
  );
  assert.equal(open.size, 1, 'theirs is left');
});

test('setup rejects when nobody comes in time, and leaves no listener', async (t) => {
  const { end } = timers(t);
  const both = setUp(10_000);
  end();
  await turn();
  assert.deepEqual(
    both.map(({ seen }) => seen.now),
    ['rejected', 'rejected'],
  );
  assert.deepEqual(
    [both[0].seen.reason.name, both[0].seen.reason.code, both[0].listeners.size],
    ['ExperimentError', 'TIMEOUT', 0],
  );
});

test('variants are fetched at each change of the identity when that is wanted', async (t) => {
  timers(t);
  for (const [config, times] of [
    [{ automaticFetchOnAmplitudeIdentityChange: true }, 2],
    [{}, 0],
    [undefined, 0],
  ]) {
    const both = setUp(10_000, config);
    for (const { made } of both) {
      for (const userId of ['a', 'a', 'b']) made.identityStore.editIdentity().setUserId(userId).commit();
    }
    await turn();
    assert.deepEqual(
      both.map(({ side }) => side.fetched),
      [times, times],
    );
  }
});

test('a teardown takes every listener and timer away, and ends the waiting', async (t) => {
  const { open } = timers(t);
  const [{ made, side, seen, listeners, plugin }] = setUp(
    10_000,
    { automaticFetchOnAmplitudeIdentityChange: true },
    [sides.ours],
  );
  assert.deepEqual([open.size, listeners.size], [1, 2]);
  await plugin.teardown();
  await turn();
  assert.deepEqual([open.size, listeners.size, seen.now], [0, 0, 'resolved']);
  made.identityStore.editIdentity().setUserId('late').commit();
  assert.equal(side.fetched, 0);
});

test('an event is taken when there is a receiver', () => {
  const event = { eventType: '$exposure', eventProperties: { flag_key: 'flag', variant: 'on' } };
  const [before, taken, seen] = same(({ AmplitudeIntegrationPlugin, connector }) => {
    const made = connector();
    const plugin = new AmplitudeIntegrationPlugin(undefined, made, 1);
    const seen = [];
    const before = plugin.track(event);
    made.eventBridge.setEventReceiver((given) => seen.push(given));
    return [before, plugin.track(event), seen];
  });
  assert.deepEqual([before, taken, seen], [false, true, [event]]);
});

test('an event that the receiver throws at is not taken', () => {
  const connector = ours.analyticsConnector('receiver throws');
  connector.eventBridge.setEventReceiver(() => {
    throw new Error('full');
  });
  assert.equal(
    new ours.AmplitudeIntegrationPlugin(undefined, connector, 1).track({ eventType: '$exposure' }),
    false,
  );
});

// ---- the deprecated providers
// ----------------------------------------------------------------------------------------

const METHODS = ['track', 'setUserProperty', 'unsetUserProperty'];

test('amplitude-js is asked and told the same', () => {
  const instances = [
    {},
    { options: null, _ua: null },
    {
      options: { deviceId: 'd', userId: 'u', versionName: '1', language: 'de', platform: 'Web' },
      _ua: { browser: { name: 'Chrome', major: '120' }, os: { name: 'Linux' } },
    },
  ];
  for (const ua of [{ browser: { name: 'Chrome' } }, { browser: { major: '1' } }, { browser: {}, os: {} }])
    instances.push({ _ua: ua });
  for (const instance of [undefined, ...instances])
    same(({ AmplitudeUserProvider }) => new AmplitudeUserProvider(instance).getUser());
  const event = {
    name: 'name',
    properties: { key: 'flag' },
    userProperty: '[Experiment] flag',
    variant: { value: 'on' },
  };
  same(({ AmplitudeAnalyticsProvider }) => {
    const calls = [];
    const instance = Object.fromEntries(
      ['logEvent', 'setUserProperties', '_logEvent'].map((name) => [
        name,
        (...given) => void calls.push([name, ...given]),
      ]),
    );
    const provider = new AmplitudeAnalyticsProvider(instance);
    for (const name of METHODS) {
      provider[name](event);
      provider[name]({ ...event, variant: undefined });
    }
    return calls;
  });
});

const SOURCES = [
  'storage',
  'initial',
  'secondary-storage',
  'secondary-initial',
  'fallback-inline',
  'fallback-config',
  'local-evaluation',
  undefined,
];
const VARIANTS = [
  undefined,
  {},
  { key: 'on' },
  { value: 'on' },
  { key: 'on', value: 'on', payload: 1 },
  { value: 'off', metadata: { default: true } },
  { value: '' },
];

/** What the provider of each side gets for `met`, a list of flag, variant and source. */
function trackedOf(met) {
  const user = { user_id: 'u' };
  const record = () => {
    const log = [];
    return {
      log,
      provider: Object.fromEntries(
        METHODS.map((name) => [name, (event) => void log.push([name, structuredClone(event)])]),
      ),
    };
  };
  const [mine, original] = [record(), record()];
  const analytics = new ours.LegacyAnalytics(mine.provider);
  const client = new reference.ExperimentClient('key', { analyticsProvider: original.provider });
  client.addContext = () => user;
  for (const [key, variant, from] of met) {
    analytics.track(key, variant, from ?? 'none', () => user);
    client.legacyExposureInternal(key, variant, from);
  }
  return [mine.log, original.log];
}

test('an analytics provider is told the same of every variant from every source', () => {
  for (const variant of VARIANTS)
    for (const from of SOURCES)
      assert.deepEqual(
        ...trackedOf([
          ['flag', variant, from],
          ['flag', variant, from],
        ]),
        `${json(variant)} from ${from}`,
      );
});

test('an analytics provider is told the same over many variants', () => {
  const pick = numbers(7);
  const any = (list) => list[pick(list.length)];
  const [mine, original] = trackedOf(
    Array.from({ length: 2_000 }, () => [any(['a', 'b', 'c']), any(VARIANTS), any(SOURCES)]),
  );
  assert.deepEqual(mine, original);
  assert.ok(mine.length > 500 && mine.length < 2_000);
});

test('a flag may have any name', () => {
  for (const key of ['__proto__', 'constructor', 'toString']) {
    const [mine] = trackedOf([
      [key, { value: 'on' }, 'storage'],
      [key, undefined, undefined],
      [key, undefined, undefined],
    ]);
    assert.deepEqual(
      mine.map(([name, { userProperty }]) => [name, userProperty]),
      ['setUserProperty', 'track', 'unsetUserProperty'].map((name) => [name, `[Experiment] ${key}`]),
    );
  }
});

test('a provider that has only track is tracked, and no source is as good as none', (t) => {
  const said = complaints(t);
  const tracked = [];
  const analytics = new ours.LegacyAnalytics({ track: ({ properties }) => tracked.push(properties.variant) });
  for (const [value, from] of [
    ['on', 'storage'],
    ['on', ''],
    ['on', 'storage'],
  ])
    analytics.track('flag', { value }, from, () => ({}));
  assert.deepEqual([tracked, said], [['on', 'on'], []]);
});

test('what a provider throws goes to the console, and the variant is tracked all the same', (t) => {
  const said = complaints(t);
  const tracked = [];
  const fail = () => {
    throw new Error('of the page');
  };
  const analytics = new ours.LegacyAnalytics({
    setUserProperty: fail,
    unsetUserProperty: fail,
    track: ({ key }) => tracked.push(key),
  });
  for (const value of ['on', 'on', '']) analytics.track('flag', { value }, 'storage', () => ({}));
  assert.deepEqual([tracked, said.length], [['flag'], 2]);
});

// ---- the rest
// --------------------------------------------------------------------------------------------------------

test('the stub and the storage in memory answer the same', async () => {
  const methods = Object.getOwnPropertyNames(reference.StubExperimentClient.prototype);
  assert.deepEqual(Object.getOwnPropertyNames(ours.StubExperimentClient.prototype).sort(), methods.sort());
  const [mine, original] = [new ours.StubExperimentClient(), new reference.StubExperimentClient()];
  for (const name of methods.filter((name) => name !== 'constructor')) {
    const [mineToo, originalToo] = [await mine[name]('flag', 'on'), await original[name]('flag', 'on')];
    if (originalToo === original) assert.equal(mineToo, mine, name);
    else assert.deepEqual(mineToo, originalToo, name);
  }
  assert.notEqual(mine.variant('a'), mine.variant('a'), 'one that a page changes is its own');
  same(({ MemoryStorage }) => {
    const storage = new MemoryStorage();
    const before = storage.get('__proto__');
    storage.put('__proto__', 'a');
    const put = storage.get('__proto__');
    storage.delete('__proto__');
    return [before, put, storage.get('__proto__')];
  });
});

const TYPES = `
import * as theirs from '@amplitude/experiment-js-client';
import { AnalyticsConnector } from '@amplitude/analytics-connector';
import * as plugin from '${source}api/plugin.js';
import * as analytics from '${source}api/analytics-provider.js';
import * as storage from '${source}browser/memory-storage.js';
import { AmplitudeAnalyticsProvider, AmplitudeUserProvider } from '${source}amplitude/amplitude-js.js';
import { AmplitudeIntegrationPlugin } from '${source}amplitude/integration-plugin.js';
import { StubExperimentClient } from '${source}client/stub-client.js';
function both<A, B>(toTheirs: (ours: A) => B, toOurs: (theirs: B) => A) { return [toTheirs, toOurs]; }
both<plugin.ExperimentPluginType, theirs.ExperimentPluginType>((a) => a, (b) => b);
both<plugin.ExperimentPlugin, theirs.ExperimentPlugin>((a) => a, (b) => b);
both<plugin.IntegrationPlugin, theirs.IntegrationPlugin>((a) => a, (b) => b);
both<plugin.ExperimentEvent, theirs.ExperimentEvent>((a) => a, (b) => b);
both<analytics.ExperimentAnalyticsEvent, theirs.ExperimentAnalyticsEvent>((a) => a, (b) => b);
both<analytics.ExperimentAnalyticsProvider, theirs.ExperimentAnalyticsProvider>((a) => a, (b) => b);
both<storage.Storage, Pick<theirs.MemoryStorage, 'get' | 'put' | 'delete'>>((a) => a, (b) => b);
const integration: theirs.IntegrationPlugin = new AmplitudeIntegrationPlugin('key', AnalyticsConnector.getInstance('name'), 10_000);
const client: theirs.Client = new StubExperimentClient();
declare const instance: ConstructorParameters<typeof theirs.AmplitudeUserProvider>[0];
const user: theirs.ExperimentUserProvider = new AmplitudeUserProvider(instance);
const provider: theirs.ExperimentAnalyticsProvider = new AmplitudeAnalyticsProvider(instance);
console.log(integration, client, user, provider);
// @ts-expect-error: an event has a type
const event: plugin.ExperimentEvent = {};
console.log(event);
`;

test('the types are those of the original, in both directions', () => {
  const name = fileURLToPath(new URL('amplitude.types.ts', import.meta.url));
  const options = {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: [],
    skipLibCheck: true,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => path === name || fileExists(path);
  host.getSourceFile = (path, ...rest) =>
    path === name ? ts.createSourceFile(path, TYPES, ts.ScriptTarget.ES2022) : getSourceFile(path, ...rest);
  const problems = ts
    .getPreEmitDiagnostics(ts.createProgram([name], options, host))
    .filter(({ file }) => !file || file.fileName === name);
  assert.deepEqual(
    problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
    [],
  );
});
