// Amplitude's analytics: the connector it shares with a client, its cookies, and the SDK itself.
import { byUser } from '../answers.mjs';
import { script } from '../script.mjs';

const ON = { key: 'on', value: 'on' };

export default [
  script('the connector is put where the SDK looks for it', ({ clientWithAnalytics }) => {
    clientWithAnalytics();
    clientWithAnalytics({ instanceName: 'other' });
    const instances = globalThis.analyticsConnectorInstances;
    const connector = instances.$default_instance;
    return [
      Object.keys(instances).sort(),
      typeof connector.identityStore.getIdentity,
      typeof connector.eventBridge.logEvent,
      connector.applicationContextProvider.getApplicationContext(),
      connector.identityStore.getIdentity(),
    ];
  }),

  script(
    'a connector that is there is used',
    { answers: { vardata: { flag: ON } } },
    async ({ clientWithAnalytics, receiver }) => {
      const listeners = [];
      globalThis.analyticsConnectorInstances = {
        $default_instance: {
          identityStore: {
            getIdentity: () => ({ userId: 'u', deviceId: 'd', userProperties: { plan: 'pro' } }),
            addIdentityListener: (listener) => listeners.push(listener),
            removeIdentityListener() {},
            editIdentity: () => ({ setUserId() {}, setDeviceId() {}, commit() {} }),
          },
          eventBridge: { receiver: () => {}, logEvent: receiver() },
          applicationContextProvider: { versionName: '1.2.3', getApplicationContext: () => ({}) },
        },
      };
      const page = clientWithAnalytics();
      await page.fetch();
      page.variant('flag');
      return [listeners.length, page.getUser()];
    },
  ),

  script(
    'a fetch waits for the identity of the SDK',
    { answers: { vardata: byUser({ u: { flag: ON } }) } },
    async ({ clientWithAnalytics, advance }) => {
      const page = clientWithAnalytics();
      let fetched = false;
      void page.fetch().then(() => (fetched = true));
      await advance(5000);
      const before = fetched;
      globalThis.analyticsConnectorInstances.$default_instance.identityStore.setIdentity({
        userId: 'u',
        deviceId: 'd',
        userProperties: { plan: 'pro' },
      });
      await advance(10);
      return [before, fetched, page.variant('flag')];
    },
  ),

  script(
    'a fetch waits ten seconds for the identity, and goes on without',
    { answers: { vardata: byUser({ '': { flag: ON } }) } },
    async ({ clientWithAnalytics, advance }) => {
      const page = clientWithAnalytics();
      void page.fetch({ device_id: 'own' });
      await advance(9999);
      await advance(1);
      return page.variant('flag');
    },
  ),

  script(
    'a change of the SDK’s identity fetches, where that is asked for',
    { answers: { vardata: { flag: ON } } },
    async ({ clientWithAnalytics, next }) => {
      const page = clientWithAnalytics({ automaticFetchOnAmplitudeIdentityChange: true });
      clientWithAnalytics({ instanceName: 'other' });
      const [store, other] = ['$default_instance', 'other'].map(
        (name) => globalThis.analyticsConnectorInstances[name].identityStore,
      );
      other.setIdentity({ userId: 'other' });
      store.setIdentity({ userId: 'u' });
      await next();
      store.setIdentity({ userId: 'u' });
      store.editIdentity().setUserId('w').commit();
      await next();
      store
        .editIdentity()
        .updateUserProperties({ $set: { plan: 'pro' } })
        .commit();
      await next();
      return page.variant('flag');
    },
  ),

  script(
    'exposures wait until the SDK listens, then go to it',
    { local: { 'amp-exp-$default_instance-abcdef': { a: 'on', b: 'on' } } },
    async ({ clientWithAnalytics, next, advance, receiver, waiting }) => {
      const page = clientWithAnalytics();
      const { identityStore, eventBridge } = globalThis.analyticsConnectorInstances.$default_instance;
      identityStore.setIdentity({ userId: 'u' });
      await next();
      page.variant('a');
      await advance(1500);
      const before = waiting();
      eventBridge.setEventReceiver(receiver());
      await advance(1000);
      page.variant('b');
      return [before, waiting()];
    },
  ),

  ...[
    [
      'its cookie',
      {
        cookies: {
          'AMP_analytics-': Buffer.from(
            encodeURIComponent(JSON.stringify({ userId: 'ü', deviceId: 'd', sessionId: 1 })),
          ).toString('base64'),
        },
      },
    ],
    ['its old cookie', { cookies: { amp_analyt: `d.${Buffer.from('u').toString('base64')}..1.1.1` } }],
    ['its old cookie, without a user', { cookies: { amp_analyt: 'd...1.1.1' } }],
    ['local storage', { local: { 'AMP_analytics-': { userId: 'u', deviceId: 'd' } } }],
    ['session storage', { session: { 'AMP_analytics-': { userId: 'u', deviceId: 'd' } } }],
    [
      'a damaged cookie',
      { cookies: { 'AMP_analytics-': 'nonsense' }, local: { 'AMP_analytics-': { deviceId: 'd' } } },
    ],
    ['damaged storage', { local: { 'AMP_analytics-': '{"deviceId"' }, session: { 'AMP_analytics-': '5' } }],
  ].map(([name, stored]) =>
    script(
      `the SDK’s visitor is known from ${name}`,
      { ...stored, answers: { vardata: { flag: ON } } },
      async ({ clientWithAnalytics, advance }) => {
        const page = clientWithAnalytics({}, 'analytics-key-abcdef');
        void page.fetch();
        await advance(10_000);
        return globalThis.analyticsConnectorInstances.$default_instance.identityStore.getIdentity();
      },
    ),
  ),

  script(
    'a deployment’s key is no key of the SDK',
    { cookies: { AMP_client_key: 'x' }, local: { 'AMP_client-key': { userId: 'u', deviceId: 'd' } } },
    async ({ clientWithAnalytics, advance }) => {
      const page = clientWithAnalytics();
      void page.fetch();
      await advance(10_000);
    },
  ),

  script(
    'a plugin for Amplitude can be made by hand',
    { answers: { vardata: { flag: ON } } },
    async ({ sdk, client, advance, receiver }) => {
      const identity = { userId: 'u', deviceId: 'd', userProperties: { plan: 'pro' } };
      const connector = {
        identityStore: {
          getIdentity: () => identity,
          addIdentityListener() {},
          removeIdentityListener() {},
          editIdentity: () => ({ setUserId() {}, setDeviceId() {}, commit() {} }),
        },
        eventBridge: { logEvent: receiver() },
        applicationContextProvider: { versionName: '9' },
      };
      const made = new sdk.AmplitudeIntegrationPlugin('client-key', connector, 1000);
      const atOnce = new sdk.AmplitudeIntegrationPlugin('client-key', connector, 0);
      const answers = [
        made.type,
        typeof made.setup,
        typeof atOnce.setup,
        made.getUser(),
        made.track({ eventType: 'a', eventProperties: {} }),
      ];
      connector.eventBridge.receiver = () => {};
      answers.push(made.track({ eventType: 'a', eventProperties: { b: 1 }, more: 1 }));
      const page = client();
      page.addPlugin(atOnce);
      await page.fetch();
      page.variant('flag');
      await advance(10);
      return answers;
    },
  ),

  script(
    'the SDK started first',
    { analytics: true, answers: { vardata: { flag: { ...ON, metadata: { experimentKey: 'exp' } } } } },
    async ({ clientWithAnalytics, analytics, advance }) => {
      const options = {
        userId: 'u',
        deviceId: 'd',
        serverUrl: `${location.origin}/2/httpapi`,
        fetchRemoteConfig: false,
        autocapture: false,
        flushIntervalMillis: 1000,
        identityStorage: 'none',
        logLevel: 0,
      };
      const sdkReady = analytics.init('0123456789abcdef0123456789abcdef', options).promise;
      await advance(10);
      await sdkReady;
      const page = clientWithAnalytics();
      await page.fetch();
      const answer = page.variant('flag');
      await advance(3000);
      return answer;
    },
  ),

  script(
    'the SDK started later',
    { analytics: true, answers: { vardata: { flag: ON } } },
    async ({ clientWithAnalytics, analytics, advance }) => {
      const page = clientWithAnalytics();
      void page.fetch();
      await advance(500);
      const options = {
        userId: 'u',
        deviceId: 'd',
        serverUrl: `${location.origin}/2/httpapi`,
        fetchRemoteConfig: false,
        autocapture: false,
        flushIntervalMillis: 1000,
        identityStorage: 'none',
        logLevel: 0,
      };
      void analytics.init('0123456789abcdef0123456789abcdef', options);
      await advance(500);
      const answer = page.variant('flag');
      await advance(3000);
      return answer;
    },
  ),

  script(
    'the SDK says who logs in, and what their properties are',
    {
      analytics: true,
      answers: { vardata: byUser({ u: { flag: { key: 'of-u' } }, w: { flag: { key: 'of-w' } } }) },
    },
    async ({ clientWithAnalytics, analytics, advance }) => {
      const options = {
        userId: 'u',
        deviceId: 'd',
        serverUrl: `${location.origin}/2/httpapi`,
        fetchRemoteConfig: false,
        autocapture: false,
        flushIntervalMillis: 1000,
        identityStorage: 'none',
        logLevel: 0,
      };
      void analytics.init('0123456789abcdef0123456789abcdef', options);
      await advance(10);
      const page = clientWithAnalytics({ automaticFetchOnAmplitudeIdentityChange: true });
      await page.fetch();
      const answers = [page.variant('flag').key];
      analytics.setUserId('w');
      await advance(10);
      answers.push(page.variant('flag').key);
      analytics.identify(new analytics.Identify().set('plan', 'pro'));
      await advance(3000);
      return [...answers, page.variant('flag').key];
    },
  ),
];
