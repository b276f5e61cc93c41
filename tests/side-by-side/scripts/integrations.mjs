// Integration plugins: what they are told, and what they say of the user.
import { STORE, script } from '../script.mjs';

const ON = { key: 'on', value: 'on' };
const STORED = { [STORE]: { a: 'on', b: 'on' } };

export default [
  script(
    'an integration is told the exposure as an event',
    { answers: { vardata: { flag: { ...ON, metadata: { experimentKey: 'exp', segmentName: 'All' } } } } },
    async ({ client, plugin, tracked }) => {
      const page = client();
      page.addPlugin(plugin());
      await page.fetch({ user_id: 'u' });
      page.variant('flag');
      page.variant('flag');
      return tracked.length;
    },
  ),

  script(
    'the type of the event is the one of the flag',
    {
      local: {
        [STORE]: {
          own: { key: 'on', metadata: { exposureEvent: '$own' } },
          web: { key: 'on', metadata: { deliveryMethod: 'web' } },
          both: { key: 'on', metadata: { deliveryMethod: 'web', exposureEvent: '$own' } },
          plain: 'on',
        },
      },
    },
    ({ client, plugin }) => {
      const page = client();
      page.addPlugin(plugin());
      page.setUser({ user_id: 'u' });
      for (const key of ['own', 'web', 'both', 'plain']) page.variant(key);
    },
  ),

  script(
    'impressions of web experiments are told every time',
    { local: { [STORE]: { web: { key: 'on', metadata: { deliveryMethod: 'web' } } } } },
    ({ client, plugin, tracked }) => {
      const page = client();
      page.addPlugin(plugin());
      page.setUser({ user_id: 'u' });
      page.variant('web');
      page.variant('web');
      return tracked.length;
    },
  ),

  script('provider and integration are both told', { local: STORED }, ({ client, plugin, provider }) => {
    const page = client({ exposureTrackingProvider: provider() });
    page.addPlugin(plugin());
    page.setUser({ user_id: 'u' });
    page.variant('a');
    page.variant('a');
  }),

  script(
    'a fetch waits for the integration to be set up, variant does not',
    { local: STORED, answers: { vardata: { a: { key: 'fetched' } } } },
    async ({ client, plugin, next }) => {
      let ready;
      const page = client();
      page.addPlugin(
        plugin({
          setup: () => new Promise((resolve) => (ready = resolve)),
          user: () => ({ user_id: 'integration' }),
        }),
      );
      const seen = [page.variant('a').key];
      const fetched = page.fetch({ device_id: 'd' });
      await next();
      seen.push(page.variant('a').key);
      ready();
      await fetched;
      return [...seen, page.variant('a').key];
    },
  ),

  script(
    'what an integration knows of the user is merged between the provider and the page',
    async ({ client, plugin }) => {
      const page = client({
        userProvider: {
          getUser: () => ({
            user_id: 'provided',
            device_id: 'provided',
            country: 'provided',
            platform: 'provided',
            user_properties: { a: 'provided', b: 'provided', c: 'provided' },
          }),
        },
      });
      page.addPlugin(
        plugin({
          user: {
            user_id: 'integration',
            device_id: 'integration',
            platform: 'integration',
            user_properties: { b: 'integration', c: 'integration' },
          },
        }),
      );
      await page.fetch({ user_id: 'own', user_properties: { c: 'own' } });
      await page.fetch({});
    },
  ),

  script(
    'a user of an integration decides local evaluation and exposures',
    {
      given: JSON.stringify([
        {
          key: 'local',
          variants: { on: { key: 'on' } },
          segments: [
            {
              conditions: [[{ selector: ['context', 'user', 'user_id'], op: 'is', values: ['integration'] }]],
              variant: 'on',
            },
          ],
          metadata: { evaluationMode: 'local' },
        },
      ]),
    },
    ({ client, plugin, given }) => {
      const page = client({ initialFlags: given });
      const before = page.variant('local', 'inline').key;
      page.addPlugin(plugin({ user: { user_id: 'integration' } }));
      return [before, page.variant('local', 'inline').key];
    },
  ),
];
