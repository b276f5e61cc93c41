// What is stored, what is made of what was stored, and what becomes of storage that does not work.

import { inTurn } from '../answers.mjs';
import { flag } from '../flag.mjs';
import { INTENDED } from '../intended-differences.mjs';
import { FOR_NOBODY } from '../normalize.mjs';
import { STORE, script } from '../script.mjs';

const ON = { key: 'on', value: 'on' };

export default [
  script(
    'a page starts with what the page before fetched',
    { answers: { vardata: { flag: { ...ON, payload: { a: [1] }, metadata: { experimentKey: 'exp' } } } } },
    [
      async ({ client }) => {
        const page = client();
        await page.fetch({ user_id: 'u' });
      },
      ({ client, provider }) => {
        const page = client({ exposureTrackingProvider: provider() });
        page.setUser({ user_id: 'u' });
        return [page.variant('flag'), page.all()];
      },
    ],
  ),

  script('another tab starts with it too', { answers: { vardata: { flag: ON } } }, [
    async ({ client }) => void (await client().fetch({ user_id: 'u' })),
    { inNewTab: true, play: ({ client }) => client().variant('flag') },
  ]),

  script(
    'stored variants of every format are read',
    {
      local: {
        [STORE]: {
          v0: 'on',
          v1: { value: 'on', payload: { a: 1 } },
          v1Key: { key: 'k', value: 'on', expKey: 'exp' },
          v2: { key: 'k', value: 'on', payload: 'p', metadata: { experimentKey: 'exp', segmentName: 'All' } },
          empty: {},
          emptyText: '',
          nothing: null,
          number: 5,
          falsy: { key: '', value: '', payload: false, metadata: null },
          more: { key: 'on', more: 1 },
        },
      },
    },
    ({ client, provider }) => {
      const page = client({ exposureTrackingProvider: provider() });
      return [
        page.all(),
        page.variant('v0'),
        page.variant('v1'),
        page.variant('v2', 'inline'),
        page.variant('empty', 'inline'),
        page.variant('number', 'inline'),
        page.variant('nothing', 'inline'),
      ];
    },
  ),

  ...[
    ['cut off', '{"flag":{"key":"on"'],
    ['a number', '5'],
    ['nothing', 'null'],
    ['empty', ''],
  ].map(([name, text]) =>
    script(
      `variants, flags and options that are ${name} count as none`,
      {
        local: { [STORE]: text, [`${STORE}-flags`]: text, [`${STORE}-variants-options`]: text },
        answers: { vardata: { flag: ON } },
      },
      async ({ client }) => {
        const page = client();
        const before = [page.variant('flag', 'inline'), page.all()];
        await page.fetch({ user_id: 'u' });
        return [before, page.variant('flag'), page.all()];
      },
    ),
  ),

  script(
    'lists in place of variants, flags and options count as none',
    {
      local: { [STORE]: ['on'], [`${STORE}-flags`]: ['on'], [`${STORE}-variants-options`]: ['on'] },
      differs: {
        what: 'returned',
        at: [0, 1],
        reference: '(thrown TypeError)',
        ours: {},
        why: INTENDED.badFlag,
      },
    },
    ({ client, attempt }) => {
      const page = client();
      return [page.variant('flag', 'inline'), attempt(() => page.all())];
    },
  ),

  script(
    'a stored variant that is a list',
    {
      local: { [STORE]: { list: ['on'] } },
      differs: { what: 'returned', at: [0], reference: { list: {} }, ours: {}, why: INTENDED.noObjects },
    },
    ({ client }) => client().all(),
  ),

  script('clear empties memory and storage', { local: { [STORE]: { flag: 'on' } } }, [
    ({ client }) => {
      const page = client();
      const before = page.variant('flag');
      page.clear();
      return [before, page.variant('flag'), page.all()];
    },
    ({ client }) => client().variant('flag'),
  ]),

  script(
    'clear leaves flags, bootstrapped variants and options alone',
    {
      local: {
        [STORE]: { flag: 'on' },
        [`${STORE}-flags`]: { local: flag('local') },
        [`${STORE}-variants-options`]: { trackingOption: 'track' },
      },
    },
    ({ client }) => {
      const page = client({ initialVariants: { initial: 'on' } });
      page.clear();
      return [page.variant('local'), page.variant('initial'), page.variant('flag', 'inline')];
    },
  ),

  script('whether assignments are tracked is sent, and remembered', { answers: { vardata: { flag: ON } } }, [
    async ({ client }) => {
      const page = client();
      await page.fetch({ user_id: 'u' });
      const answer = await page.setTracksAssignment(false);
      await page.fetch();
      return answer;
    },
    async ({ client }) => {
      const page = client();
      await page.fetch({ user_id: 'u' });
      await page.setTracksAssignment(true);
      await page.fetch();
    },
  ]),

  script(
    'options this version does not know are kept',
    { local: { [`${STORE}-variants-options`]: { trackingOption: 'read-only', more: [1] } } },
    async ({ client }) => {
      const page = client();
      await page.fetch({ user_id: 'u' });
      await page.setTracksAssignment(true);
    },
  ),

  script(
    'storage keys are made from the instance and the last six characters of the key',
    { answers: { vardata: { flag: ON }, flags: [flag('local')] } },
    async ({ client }) => {
      for (const [instanceName, key] of [
        ['one', '12345'],
        ['two', '1234567890'],
        ['größe 🦊', 'client-abcdef'],
      ]) {
        const page = client({ instanceName, pollOnStart: false }, key);
        await page.start({ user_id: 'u' });
        await page.setTracksAssignment(true);
      }
    },
  ),

  script(
    'the last characters of a key may be any',
    {
      differs: {
        what: 'stored',
        at: [0, 'local'],
        as: (local) => Object.keys(local),
        reference: ['amp-exp-$default_instance-ключ🦊-variants-options'],
        ours: ['amp-exp-$default_instance-ч🦊-variants-options'],
        why: INTENDED.keyTail,
      },
    },
    async ({ client }) => void (await client({}, 'client-ключ🦊').setTracksAssignment(true)),
  ),

  script(
    'an empty instance name',
    async ({ client }) => void (await client({ instanceName: '' }).setTracksAssignment(true)),
  ),

  script(
    'two clients of one name and key ending',
    {
      answers: { vardata: { flag: ON } },
      differs: {
        what: 'returned',
        at: [0],
        reference: { key: 'on', value: 'on' },
        ours: {},
        why: INTENDED.deployments,
      },
    },
    async ({ client }) => {
      await client({}, 'one-abcdef').fetch({ user_id: 'u' });
      return client({}, 'other-abcdef').variant('flag');
    },
  ),

  script(
    'a write that fails harms no answer',
    { answers: { vardata: { flag: ON }, flags: [flag('local')] } },
    async ({ client, attempt, logger }) => {
      Storage.prototype.setItem = () => {
        throw new DOMException('full', 'QuotaExceededError');
      };
      const loggerProvider = logger();
      const page = client({ loggerProvider, pollOnStart: false });
      await page.start({ user_id: 'u' });
      return [
        page.variant('flag'),
        page.variant('local'),
        attempt(() => page.clear()),
        page.variant('flag'),
        loggerProvider.counts,
      ];
    },
  ),

  script(
    'storage that must not be touched harms no answer',
    { answers: { vardata: { flag: ON }, flags: [flag('local')] } },
    async ({ client, attempt }) => {
      const own = ['localStorage', 'sessionStorage'].map((name) => [
        name,
        Object.getOwnPropertyDescriptor(globalThis, name),
      ]);
      for (const [name] of own) {
        Object.defineProperty(globalThis, name, {
          configurable: true,
          get() {
            throw new DOMException('no', 'SecurityError');
          },
        });
      }
      const page = client({ automaticExposureTracking: false, pollOnStart: false });
      await page.start({ user_id: 'u' });
      const answers = [
        page.variant('flag'),
        page.variant('local'),
        page.all(),
        attempt(() => page.clear()),
        page.variant('flag', 'inline'),
      ];
      own.forEach(([name, descriptor]) => Object.defineProperty(globalThis, name, descriptor));
      return answers;
    },
  ),

  script(
    'what the reference stored is taken over: variants, flags, options',
    { answers: { vardata: { flag: { ...ON, metadata: { experimentKey: 'exp' } } }, flags: [flag('local')] } },
    [
      {
        by: 'reference',
        play: async ({ client }) => {
          const page = client({ pollOnStart: false });
          await page.setTracksAssignment(false);
          await page.start({ user_id: 'u' });
        },
      },
      async ({ client, provider }) => {
        const page = client({ exposureTrackingProvider: provider() });
        page.setUser({ user_id: 'u' });
        const before = [page.variant('flag'), page.variant('local'), page.all()];
        await page.fetch();
        return before;
      },
    ],
  ),

  script(
    'the reference takes over what was stored: variants, flags, options',
    { answers: { vardata: { flag: { ...ON, metadata: { experimentKey: 'exp' } } }, flags: [flag('local')] } },
    [
      async ({ client }) => {
        const page = client({ pollOnStart: false });
        await page.setTracksAssignment(false);
        await page.start({ user_id: 'u' });
      },
      {
        by: 'reference',
        play: async ({ client, provider }) => {
          const page = client({ exposureTrackingProvider: provider() });
          page.setUser({ user_id: 'u' });
          const before = [page.variant('flag'), page.variant('local'), page.all()];
          await page.fetch();
          return before;
        },
      },
    ],
  ),

  script(
    'variants of the user before are not served on a later page either',
    {
      answers: { vardata: { flag: ON } },
      differs: [
        {
          what: 'returned',
          at: [1],
          reference: [
            { key: 'on', value: 'on' },
            { key: 'on', value: 'on' },
          ],
          ours: [
            { key: 'inline', value: 'inline' },
            { key: 'on', value: 'on' },
          ],
          why: INTENDED.identity,
        },
        { what: 'tracked', as: (tracked) => tracked.length, reference: 2, ours: 1, why: INTENDED.identity },
      ],
    },
    [
      async ({ client }) => void (await client().fetch({ user_id: 'u' })),
      ({ client, provider }) => {
        const page = client({ exposureTrackingProvider: provider() });
        page.setUser({ user_id: 'w' });
        const ofAnother = page.variant('flag', 'inline');
        page.setUser({ user_id: 'u' });
        return [ofAnother, page.variant('flag', 'inline')];
      },
    ],
  ),

  script(
    'a fetch replaces what a page before stored',
    { local: { [STORE]: { old: 'on', flag: 'old' } }, answers: { vardata: inTurn({ flag: ON }, {}) } },
    async ({ client }) => {
      const page = client();
      await page.fetch({ user_id: 'u' });
      const first = page.all();
      await page.fetch();
      return [first, page.all()];
    },
  ),

  script(
    'with a provider alone nothing is queued for an integration',
    {
      answers: { vardata: { flag: ON } },
      exact: [FOR_NOBODY],
      differs: [
        {
          what: 'stored',
          at: [0, 'local', '(the queue)'],
          reference: ['{"eventType":"$exposure","eventProperties":{"flag_key":"flag","variant":"on"}}'],
          ours: undefined,
          why: INTENDED.queueForNobody,
        },
        {
          what: 'stored',
          at: [0, 'session', 'EXP_sent_v3_$default_instance'],
          reference: { flag: 'on' },
          ours: undefined,
          why: INTENDED.queueForNobody,
        },
      ],
    },
    async ({ client, provider }) => {
      const page = client({ exposureTrackingProvider: provider() });
      await page.fetch({ user_id: 'u' });
      return page.variant('flag');
    },
  ),
];
