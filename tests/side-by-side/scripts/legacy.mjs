// The providers for Amplitude's old SDK, which were there before exposure tracking providers.
import { inTurn } from '../answers.mjs';
import { INTENDED } from '../intended-differences.mjs';
import { script } from '../script.mjs';

const ON = { key: 'on', value: 'on' };

export default [
  script(
    'a legacy provider is told of each variant once',
    {
      answers: {
        vardata: inTurn(
          { flag: ON, key: { key: 'k' } },
          { flag: ON, key: { key: 'k' } },
          { flag: { key: 'two', value: 'two' } },
        ),
      },
    },
    async ({ client, legacy }) => {
      const page = client({ analyticsProvider: legacy() });
      for (let round = 0; round < 3; round++) {
        await page.fetch({ user_id: 'u', device_id: 'd', user_properties: { plan: 'pro' } });
        page.variant('flag');
        page.variant('flag');
        page.variant('key');
      }
    },
  ),

  script(
    'a legacy provider unsets the property for fallbacks',
    { answers: { vardata: { flag: ON, off: { key: 'off', metadata: { default: true } } } } },
    async ({ client, legacy, tracked }) => {
      const page = client({
        analyticsProvider: legacy(),
        initialVariants: { initial: 'on' },
        fallbackVariant: 'config',
      });
      await page.fetch({ user_id: 'u' });
      const counts = [];
      for (const [key, fallback] of [
        ['flag'],
        ['off'],
        ['off', 'inline'],
        ['initial'],
        ['unknown'],
        ['unknown', 'inline'],
        ['flag'],
      ]) {
        page.variant(key, fallback);
        counts.push(tracked.length);
      }
      return counts;
    },
  ),

  script(
    'a legacy provider is not told where tracking is off',
    { answers: { vardata: { flag: { ...ON, metadata: { trackExposure: false } }, other: ON } } },
    async ({ client, legacy, tracked }) => {
      const page = client({ analyticsProvider: legacy(), automaticExposureTracking: false });
      await page.fetch({ user_id: 'u' });
      page.variant('flag');
      page.variant('other');
      const before = tracked.length;
      page.exposure('flag');
      page.exposure('other');
      return [before, tracked.length];
    },
  ),

  script(
    'a legacy provider that only tracks',
    {
      answers: { vardata: { flag: ON } },
      differs: [
        {
          what: 'returned',
          at: [0],
          reference: ['(thrown TypeError)', '(thrown TypeError)'],
          ours: [
            { key: 'on', value: 'on' },
            { key: 'inline', value: 'inline' },
          ],
          why: INTENDED.providerFails,
        },
        {
          what: 'tracked',
          as: (tracked) => tracked.map(({ call, event }) => [call, event.key]),
          reference: [],
          ours: [['track', 'flag']],
          why: INTENDED.providerFails,
        },
      ],
    },
    async ({ client, legacy, attempt }) => {
      const { track } = legacy();
      const page = client({ analyticsProvider: { track } });
      await page.fetch({ user_id: 'u' });
      return [attempt(() => page.variant('flag')), attempt(() => page.variant('unknown', 'inline'))];
    },
  ),

  script('the providers for the old SDK', ({ sdk, plain }) => {
    const calls = [];
    const amplitude = {
      options: { deviceId: 'd', userId: 'u', versionName: '1', language: 'de', platform: 'Web' },
      _ua: { browser: { name: 'Chrome', major: '126' }, os: { name: 'Linux' } },
      logEvent: (...given) => calls.push(['logEvent', ...given]),
      setUserProperties: (...given) => calls.push(['setUserProperties', ...given]),
      _logEvent: (...given) => calls.push(['_logEvent', ...given]),
    };
    const provider = new sdk.AmplitudeAnalyticsProvider(amplitude);
    const event = {
      name: '[Experiment] Exposure',
      properties: { key: 'flag', variant: 'on' },
      userProperty: '[Experiment] flag',
      variant: { value: 'on' },
    };
    provider.track(event);
    provider.setUserProperty(event);
    provider.unsetUserProperty(event);
    return [
      new sdk.AmplitudeUserProvider(amplitude).getUser(),
      new sdk.AmplitudeUserProvider({}).getUser(),
      new sdk.AmplitudeUserProvider(undefined).getUser(),
      plain(calls),
    ];
  }),
];
