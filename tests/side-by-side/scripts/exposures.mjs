// Which exposures an exposure tracking provider is told, and how often.
import { byUser, inTurn } from '../answers.mjs';
import { INTENDED } from '../intended-differences.mjs';
import { STORE, script } from '../script.mjs';

const ON = { key: 'on', value: 'on' };

export default [
  script(
    'a variant is exposed once, however often it is met',
    { answers: { vardata: { flag: ON, other: ON } } },
    async ({ client, provider, next, tracked }) => {
      const page = client({ exposureTrackingProvider: provider() });
      await page.fetch({ user_id: 'u', device_id: 'd' });
      const counts = [];
      for (const key of ['flag', 'flag', 'other', 'flag', 'other']) {
        page.variant(key);
        counts.push(tracked.length);
        await next();
      }
      return counts;
    },
  ),

  script(
    'an exposure is told before variant returns',
    { local: { [STORE]: { flag: 'on' } } },
    ({ client, provider, tracked }) => {
      const page = client({ exposureTrackingProvider: provider() });
      page.setUser({ user_id: 'u' });
      return [page.variant('flag'), tracked.length];
    },
  ),

  script(
    'a variant that changes and comes back is three exposures',
    { answers: { vardata: inTurn({ flag: { key: 'a' } }, { flag: { key: 'b' } }, { flag: { key: 'a' } }) } },
    async ({ client, provider }) => {
      const page = client({ exposureTrackingProvider: provider() });
      for (let round = 0; round < 4; round++) {
        await page.fetch({ user_id: 'u' });
        page.variant('flag');
      }
    },
  ),

  script(
    'a change of user or device exposes again, a change of properties does not',
    { answers: { vardata: { flag: ON } } },
    async ({ client, provider, tracked }) => {
      const page = client({ exposureTrackingProvider: provider() });
      const counts = [];
      for (const user of [
        { user_id: 'u', device_id: 'd' },
        { user_id: 'u', device_id: 'd', user_properties: { plan: 'pro' } },
        { user_id: 'u', device_id: 'e' },
        { user_id: 'w', device_id: 'e' },
        { device_id: 'e' },
        { device_id: 'd' },
        { user_id: 'u', device_id: 'd' },
        {},
        { country: 'DE' },
      ]) {
        await page.fetch(user);
        page.variant('flag');
        counts.push(tracked.length);
      }
      return counts;
    },
  ),

  script(
    'what comes back for a user who comes back is exposed again',
    { answers: { vardata: byUser({ u: { flag: { key: 'a' } }, w: { flag: { key: 'b' } } }) } },
    async ({ client, provider }) => {
      const page = client({ exposureTrackingProvider: provider() });
      for (const user_id of ['u', 'w', 'u', 'u']) {
        await page.fetch({ user_id });
        page.variant('flag');
      }
    },
  ),

  script(
    'the name of a variant is its key, else its value, else nothing',
    {
      local: {
        [STORE]: {
          both: { key: 'k', value: 'v' },
          key: { key: 'k' },
          value: { value: 'v' },
          payload: { payload: { a: 1 } },
          metadata: { metadata: { segmentName: 'All' } },
        },
      },
    },
    ({ client, provider }) => {
      const page = client({ exposureTrackingProvider: provider() });
      return ['both', 'key', 'value', 'payload', 'metadata'].map((key) => page.variant(key));
    },
  ),

  script(
    'a boolean or a number that a page bootstrapped is handed over as it is',
    ({ client, plugin, provider, advance }) => {
      const initialVariants = {
        true: { value: true },
        false: { value: false },
        three: { value: 3 },
        zero: { value: 0 },
        fraction: { key: -0.5 },
        huge: { value: 1e21 },
        key: { key: true, value: 'text' },
        list: { value: ['a', 1] },
        run: { key: 'on', expKey: 7 },
      };
      const page = client({
        source: 'initialVariants',
        initialVariants,
        exposureTrackingProvider: provider(),
      });
      page.addPlugin(plugin());
      page.setUser({ user_id: 'u' });
      const keys = Object.keys(initialVariants);
      return [...keys, ...keys.filter((key) => key !== 'list')].map((key) => page.variant(key, 'inline'));
    },
  ),

  script(
    'a boolean that was fetched is handed over as it is',
    { answers: { vardata: { a: { value: true }, b: { key: 3, value: 'x' } } } },
    async ({ client, provider }) => {
      const page = client({ exposureTrackingProvider: provider() });
      await page.fetch({ user_id: 'u' });
      return [page.variant('a'), page.variant('b')];
    },
  ),

  script(
    'metadata goes with the exposure as it is',
    {
      answers: {
        vardata: {
          flag: {
            ...ON,
            metadata: { segmentName: 'All', deep: { list: [1, null, 'x'] }, flagVersion: 3, ключ: 'ü' },
          },
        },
      },
    },
    async ({ client, provider }) => {
      const page = client({ exposureTrackingProvider: provider() });
      await page.fetch({ user_id: 'u' });
      return page.variant('flag');
    },
  ),

  script(
    'the experiment key comes from metadata, else from the variant',
    {
      answers: {
        vardata: { a: { ...ON, metadata: { experimentKey: 'exp-a' } }, b: { ...ON, expKey: 'exp-b' }, c: ON },
      },
      local: { 'amp-exp-other-abcdef': { d: { key: 'on', expKey: 'exp-d' } } },
    },
    async ({ client, provider }) => {
      const page = client({ exposureTrackingProvider: provider() });
      await page.fetch({ user_id: 'u' });
      return [
        page.variant('a'),
        page.variant('b'),
        page.variant('c'),
        client({ instanceName: 'other', exposureTrackingProvider: provider() }).variant('d'),
      ];
    },
  ),

  script(
    'another run of the experiment is another exposure',
    {
      answers: {
        vardata: inTurn(
          ...['exp-1', 'exp-2', 'exp-2', undefined].map((experimentKey) => ({
            flag: { ...ON, metadata: { experimentKey } },
          })),
        ),
      },
      differs: {
        what: 'tracked',
        as: (tracked) => tracked.map(({ exposure }) => exposure.experiment_key),
        reference: ['exp-1'],
        ours: ['exp-1', 'exp-2', undefined],
        why: INTENDED.experimentKey,
      },
    },
    async ({ client, provider }) => {
      const page = client({ exposureTrackingProvider: provider() });
      for (let round = 0; round < 4; round++) {
        await page.fetch({ user_id: 'u' });
        page.variant('flag');
      }
    },
  ),

  script(
    'a variant may switch its exposure off',
    {
      answers: {
        vardata: {
          off: { ...ON, metadata: { trackExposure: false } },
          on: { ...ON, metadata: { trackExposure: true } },
          nothing: { ...ON, metadata: { trackExposure: null } },
        },
      },
    },
    async ({ client, provider }) => {
      const page = client({ exposureTrackingProvider: provider() });
      await page.fetch({ user_id: 'u' });
      page.exposure('off');
      return [page.variant('off'), page.variant('on'), page.variant('nothing')];
    },
  ),

  script(
    'a default variant is exposed without a variant, and told apart from a real one',
    {
      answers: {
        vardata: inTurn(
          { flag: { key: 'off', metadata: { default: true } } },
          { flag: ON },
          { flag: { key: 'off', metadata: { default: true } } },
        ),
      },
    },
    async ({ client, provider }) => {
      const page = client({ exposureTrackingProvider: provider() });
      const answers = [];
      for (let round = 0; round < 3; round++) {
        await page.fetch({ user_id: 'u' });
        answers.push(page.variant('flag'), page.variant('flag', 'inline'));
      }
      return answers;
    },
  ),

  script(
    'a fallback is no exposure, but for somebody who was evaluated',
    { answers: { vardata: { flag: { key: 'off', metadata: { default: true } } } } },
    async ({ client, provider, tracked }) => {
      const page = client({
        initialVariants: { initial: 'on' },
        fallbackVariant: 'config',
        exposureTrackingProvider: provider(),
      });
      await page.fetch({ user_id: 'u' });
      return ['initial', 'unknown', 'flag'].map((key) => [
        page.variant(key),
        page.variant(key, 'inline'),
        tracked.length,
      ]);
    },
  ),

  script(
    'with automatic tracking off only exposure() tracks',
    { answers: { vardata: { flag: ON, off: { key: 'off', metadata: { default: true } } } } },
    async ({ client, provider, tracked }) => {
      const page = client({ automaticExposureTracking: false, exposureTrackingProvider: provider() });
      await page.fetch({ user_id: 'u' });
      page.variant('flag');
      const before = tracked.length;
      for (const key of ['flag', 'flag', 'off', 'unknown']) page.exposure(key);
      return [before, tracked.length];
    },
  ),

  script(
    'exposure() tracks once what variant() tracked before',
    { answers: { vardata: { flag: ON } } },
    async ({ client, provider, tracked }) => {
      const page = client({ exposureTrackingProvider: provider() });
      page.exposure('flag');
      await page.fetch({ user_id: 'u' });
      page.variant('flag');
      page.exposure('flag');
      return tracked.length;
    },
  ),

  script(
    'exposure() answers nothing, also where it exposes a bootstrapped variant',
    ({ client, provider }) => {
      const page = client({
        source: 'initialVariants',
        initialVariants: { flag: 'on' },
        exposureTrackingProvider: provider(),
      });
      return [page.exposure('flag'), page.exposure('unknown')];
    },
  ),

  script('a provider keeps its own this', { answers: { vardata: { flag: ON } } }, async ({ client }) => {
    class Provider {
      #tracked = [];
      track(exposure) {
        this.#tracked.push(exposure.flag_key);
      }
      get tracked() {
        return this.#tracked;
      }
    }
    const exposureTrackingProvider = new Provider();
    const page = client({ exposureTrackingProvider });
    await page.fetch({ user_id: 'u' });
    page.variant('flag');
    return exposureTrackingProvider.tracked;
  }),

  script(
    'a provider may ask the client',
    { answers: { vardata: { a: ON, b: { key: 'b' } } } },
    async ({ client, provider }) => {
      const answers = [];
      const page = client({
        exposureTrackingProvider: provider(({ flag_key }) => {
          answers.push([flag_key, page.variant('a').key, page.variant('b').key]);
        }),
      });
      await page.fetch({ user_id: 'u' });
      page.variant('a');
      return answers;
    },
  ),

  script(
    'each client tells its own provider',
    { answers: { vardata: { flag: ON } } },
    async ({ client, provider }) => {
      const [one, other] = ['one', 'other'].map((instanceName) =>
        client({ instanceName, exposureTrackingProvider: provider(undefined, `provider ${instanceName}`) }),
      );
      await one.fetch({ user_id: 'u' });
      await other.fetch({ user_id: 'u' });
      return [one.variant('flag'), other.variant('flag'), one.variant('flag')];
    },
  ),

  script('a page tells its provider anew what the page before told', { answers: { vardata: { flag: ON } } }, [
    async ({ client, provider }) => {
      const page = client({ exposureTrackingProvider: provider() });
      await page.fetch({ user_id: 'u' });
      return page.variant('flag');
    },
    ({ client, provider }) => {
      const page = client({ exposureTrackingProvider: provider() });
      page.setUser({ user_id: 'u' });
      return [page.variant('flag'), page.variant('flag')];
    },
  ]),

  script(
    'the types of web experiments reach a provider like others',
    {
      answers: {
        vardata: {
          flag: { ...ON, metadata: { deliveryMethod: 'web' } },
          own: { ...ON, metadata: { exposureEvent: '$own' } },
        },
      },
    },
    async ({ client, provider }) => {
      const page = client({ exposureTrackingProvider: provider() });
      await page.fetch({ user_id: 'u' });
      page.variant('flag');
      page.variant('flag');
      page.variant('own');
    },
  ),

  script(
    'clear does not make an exposure new',
    { answers: { vardata: { flag: ON } } },
    async ({ client, provider, tracked }) => {
      const page = client({ exposureTrackingProvider: provider() });
      await page.fetch({ user_id: 'u' });
      page.variant('flag');
      page.clear();
      page.variant('flag');
      await page.fetch();
      page.variant('flag');
      return tracked.length;
    },
  ),

  script(
    'an identity that a user provider adds counts',
    { answers: { vardata: { flag: ON } } },
    async ({ client, provider, next, tracked }) => {
      let device_id = 'd';
      const page = client({
        userProvider: { getUser: () => ({ device_id }) },
        exposureTrackingProvider: provider(),
      });
      await page.fetch({ user_id: 'u' });
      page.variant('flag');
      device_id = 'e';
      await next();
      page.variant('flag');
      return tracked.length;
    },
  ),
];
