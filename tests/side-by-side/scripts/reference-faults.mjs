// Faults of the reference that were reproduced before this project began (research: ecosystem.md 0,
// reliability.md 3.1) and stand in no other file.
import { INTENDED } from '../intended-differences.mjs';
import { STORE, script } from '../script.mjs';

const STORED = { [STORE]: { a: 'on', b: 'on' } };
const UNSENT = 'EXP_unsent_$default_instance';
const SENT = 'EXP_sent_v3_$default_instance';
const toldFlags = (tracked) => tracked.map(({ at, exposure }) => [at, exposure.flag_key]);

export default [
  script(
    'a provider that throws is offered the exposure again',
    {
      local: STORED,
      differs: [
        {
          what: 'returned',
          at: [0],
          reference: ['(thrown Error)', 'on', '(thrown Error)'],
          ours: ['on', 'on', 'on'],
          why: INTENDED.providerFails,
        },
        {
          what: 'tracked',
          as: toldFlags,
          reference: [
            [0, 'a'],
            [0, 'b'],
          ],
          ours: [
            [0, 'a'],
            [0, 'b'],
            [1000, 'a'],
            [1000, 'b'],
            [6000, 'a'],
            [6000, 'b'],
          ],
          why: INTENDED.providerFails,
        },
      ],
    },
    async ({ client, provider, attempt, tracked, advance }) => {
      const page = client({
        exposureTrackingProvider: provider(() => {
          if (tracked.length < 5) throw new Error('not now');
        }),
      });
      page.setUser({ user_id: 'u' });
      const answers = ['a', 'a', 'b'].map((key) => attempt(() => page.variant(key).key));
      await advance(60_000);
      return answers;
    },
  ),

  script(
    'a provider that refuses is offered the exposure again, three times',
    {
      local: STORED,
      differs: {
        what: 'tracked',
        as: toldFlags,
        reference: [[0, 'a']],
        ours: [
          [0, 'a'],
          [1000, 'a'],
          [6000, 'a'],
          [31_000, 'a'],
        ],
        why: INTENDED.providerRefuses,
      },
    },
    async ({ client, provider, advance }) => {
      const page = client({ exposureTrackingProvider: provider(false) });
      page.setUser({ user_id: 'u' });
      page.variant('a');
      await advance(120_000);
    },
  ),

  script(
    'a provider whose promise is rejected is offered the exposure again',
    {
      local: STORED,
      differs: [
        {
          what: 'tracked',
          as: toldFlags,
          reference: [[0, 'a']],
          ours: [
            [0, 'a'],
            [1000, 'a'],
          ],
          why: INTENDED.providerRefuses,
        },
        {
          what: 'returned',
          at: [0],
          reference: { returned: '(undefined)', uncaught: ['(thrown Error)'] },
          ours: '(undefined)',
          why: INTENDED.providerRefuses,
        },
      ],
    },
    async ({ client, provider, advance, tracked }) => {
      const page = client({
        exposureTrackingProvider: provider(() =>
          tracked.length < 2 ? Promise.reject(new Error('no')) : undefined,
        ),
      });
      page.setUser({ user_id: 'u' });
      page.variant('a');
      await advance(120_000);
    },
  ),

  script(
    'a provider without track is none',
    {
      local: STORED,
      differs: {
        what: 'returned',
        at: [0],
        reference: ['(thrown TypeError)', 'on'],
        ours: ['on', 'on'],
        why: INTENDED.providerFails,
      },
    },
    ({ client, attempt }) => {
      const page = client({ exposureTrackingProvider: {} });
      page.setUser({ user_id: 'u' });
      return [attempt(() => page.variant('a').key), attempt(() => page.variant('a').key)];
    },
  ),

  script(
    'a user provider that throws is one that knows nothing',
    {
      local: STORED,
      differs: [
        {
          what: 'returned',
          at: [0],
          reference: '(thrown Error)',
          ours: 'on',
          why: INTENDED.userProviderFails,
        },
      ],
    },
    ({ client, attempt }) => {
      const page = client({
        userProvider: {
          getUser() {
            throw new Error('no');
          },
        },
      });
      return attempt(() => page.variant('a').key);
    },
  ),

  script(
    'a damaged queue counts as empty',
    {
      local: { ...STORED, [UNSENT]: '[{"eventType":' },
      differs: [
        {
          what: 'returned',
          at: [0],
          reference: ['(thrown SyntaxError)', '(thrown SyntaxError)', '(thrown SyntaxError)'],
          ours: ['on', '(undefined)', 'on'],
          why: INTENDED.corrupt,
        },
        {
          what: 'tracked',
          as: (tracked) => tracked.map(({ event }) => event.eventProperties.flag_key),
          reference: [],
          ours: ['a', 'b'],
          why: INTENDED.corrupt,
        },
      ],
    },
    ({ client, plugin, attempt }) => {
      const page = client();
      page.setUser({ user_id: 'u' });
      return [
        attempt(() => page.variant('a').key),
        attempt(() => page.addPlugin(plugin())),
        attempt(() => page.variant('b').key),
      ];
    },
  ),

  script(
    'a damaged session record counts as empty',
    {
      local: STORED,
      session: { [SENT]: '{"a"' },
      differs: [
        {
          what: 'returned',
          at: [0],
          reference: ['(thrown SyntaxError)', '(thrown SyntaxError)'],
          ours: ['on', 'on'],
          why: INTENDED.corrupt,
        },
        {
          what: 'tracked',
          as: (tracked) => tracked.map(({ event }) => event.eventProperties.flag_key),
          reference: [],
          ours: ['a', 'b'],
          why: INTENDED.corrupt,
        },
        {
          what: 'stored',
          at: [0, 'session', SENT],
          reference: '(text) {"a"',
          ours: { a: 'on', b: 'on' },
          why: INTENDED.corrupt,
        },
      ],
    },
    ({ client, plugin, attempt }) => {
      const page = client();
      page.addPlugin(plugin());
      return [attempt(() => page.variant('a').key), attempt(() => page.variant('b').key)];
    },
  ),

  script(
    'a full storage harms nothing',
    {
      local: STORED,
      differs: [
        {
          what: 'returned',
          at: [0],
          reference: ['(thrown QuotaExceededError)', 'on', '(thrown QuotaExceededError)'],
          ours: ['on', 'on', 'on'],
          why: INTENDED.quota,
        },
        {
          what: 'tracked',
          as: (tracked) =>
            tracked.filter(({ at }) => at > 0).map(({ event }) => event.eventProperties.flag_key),
          reference: [],
          ours: ['a', 'b'],
          why: INTENDED.quota,
        },
      ],
    },
    async ({ client, plugin, attempt, advance }) => {
      const { setItem } = Storage.prototype;
      let ready = false;
      Storage.prototype.setItem = function (key, value) {
        if (key.startsWith('EXP_unsent')) throw new DOMException('full', 'QuotaExceededError');
        return setItem.call(this, key, value);
      };
      const page = client();
      page.addPlugin(plugin({ taken: () => ready }));
      page.setUser({ user_id: 'u' });
      const answers = ['a', 'a', 'b'].map((key) => attempt(() => page.variant(key).key));
      Storage.prototype.setItem = setItem;
      ready = true;
      await advance(5000);
      return answers;
    },
  ),

  script(
    'an idle integration costs nothing',
    {
      differs: { what: 'returned', at: [0], reference: [10, 10], ours: [0, 0], why: INTENDED.idle },
    },
    async ({ client, plugin, advance }) => {
      const { getItem } = Storage.prototype;
      let reads = 0;
      const page = client();
      page.addPlugin(plugin());
      await advance(10);
      Storage.prototype.getItem = function (key) {
        if (key.startsWith('EXP_unsent')) reads++;
        return getItem.call(this, key);
      };
      await advance(10_000);
      const running = reads;
      page.stop();
      await advance(10_000);
      return [running, reads - running];
    },
  ),

  script(
    'a flag that depends on a name that every object inherits harms only itself',
    {
      given: JSON.stringify([
        {
          key: 'flag',
          variants: { on: { key: 'on', value: 'on' } },
          segments: [{ variant: 'on' }],
          dependencies: ['constructor'],
          metadata: { evaluationMode: 'local' },
        },
      ]),
      differs: {
        what: 'returned',
        at: [0],
        reference: ['(thrown TypeError)', '(thrown TypeError)'],
        ours: ['on', ['flag']],
        why: INTENDED.inherited,
      },
    },
    ({ client, attempt, given }) => {
      const page = client({ initialFlags: given, automaticExposureTracking: false });
      return [attempt(() => page.variant('flag', 'inline').key), attempt(() => Object.keys(page.all()))];
    },
  ),

  script(
    'a chain of twenty thousand flags is no harm',
    {
      given: JSON.stringify(
        Array.from({ length: 20_000 }, (_, place) => ({
          key: `f${place}`,
          variants: { on: { key: 'on', value: 'on' } },
          segments: [{ variant: 'on' }],
          dependencies: [`f${place + 1}`],
          metadata: { evaluationMode: 'local' },
        })),
      ),
      differs: {
        what: 'returned',
        at: [0],
        reference: '(thrown RangeError)',
        ours: 'on',
        why: INTENDED.badFlag,
      },
    },
    ({ client, attempt, given }) => {
      const page = client({ initialFlags: given, automaticExposureTracking: false });
      return attempt(() => page.variant('f0', 'inline').key);
    },
  ),

  script(
    'a property that is twelve thousand levels deep is no harm',
    {
      given: JSON.stringify([
        {
          key: 'flag',
          variants: { on: { key: 'on', value: 'on' } },
          segments: [
            {
              conditions: [
                [{ selector: ['context', 'user', 'user_properties', 'deep'], op: 'contains', values: ['x'] }],
              ],
              variant: 'on',
            },
          ],
          metadata: { evaluationMode: 'local' },
        },
      ]),
      // The stack is smaller there.
      differs: {
        what: 'returned',
        at: [0],
        only: 'firefox',
        reference: '(thrown RangeError)',
        ours: 'inline',
        why: INTENDED.badFlag,
      },
    },
    ({ client, attempt, given }) => {
      const page = client({ initialFlags: given, automaticExposureTracking: false });
      let deep = 'x';
      for (let level = 0; level < 12_000; level++) deep = [deep];
      page.setUser({ user_id: 'u', user_properties: { deep } });
      return attempt(() => page.variant('flag', 'inline').key);
    },
  ),
];
