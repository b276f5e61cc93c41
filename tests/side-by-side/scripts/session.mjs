// What an integration was told in a session, and is not told again.
import { inTurn } from '../answers.mjs';
import { INTENDED } from '../intended-differences.mjs';
import { STORE, script } from '../script.mjs';

const ON = { key: 'on', value: 'on' };
const STORED = { [STORE]: { a: 'on', b: 'on' } };

export default [
  script(
    'an integration is told once in a session, also over a reload, where nobody has an id',
    { local: STORED },
    [
      ({ client, plugin, tracked }) => {
        const page = client();
        page.addPlugin(plugin());
        page.variant('a');
        return tracked.length;
      },
      ({ client, plugin, tracked }) => {
        const page = client();
        page.addPlugin(plugin());
        page.variant('a');
        page.variant('b');
        return tracked.length;
      },
    ],
  ),

  script(
    'an integration is told once in a session, also over a reload, for users with ids',
    {
      local: STORED,
      differs: [
        { what: 'returned', reference: [1, 2], ours: [1, 1], why: INTENDED.sessionDedupe },
        {
          what: 'tracked',
          as: (tracked) => tracked.map(({ event }) => event.eventProperties.flag_key),
          reference: ['a', 'a', 'b'],
          ours: ['a', 'b'],
          why: INTENDED.sessionDedupe,
        },
      ],
    },
    [
      ({ client, plugin, tracked }) => {
        const page = client();
        page.addPlugin(plugin());
        page.setUser({ user_id: 'u' });
        page.variant('a');
        return tracked.length;
      },
      ({ client, plugin, tracked }) => {
        const page = client();
        page.addPlugin(plugin());
        page.setUser({ user_id: 'u' });
        page.variant('a');
        page.variant('b');
        return tracked.length;
      },
    ],
  ),

  script('somebody else after a reload is told anew', { local: STORED }, [
    ({ client, plugin }) => {
      const page = client({ source: 'initialVariants', initialVariants: { a: 'on' } });
      page.addPlugin(plugin());
      page.setUser({ user_id: 'u' });
      page.variant('a');
    },
    ({ client, plugin, tracked }) => {
      const page = client({ source: 'initialVariants', initialVariants: { a: 'on' } });
      page.addPlugin(plugin());
      page.setUser({ user_id: 'w' });
      page.variant('a');
      return tracked.length;
    },
  ]),

  script('what the reference told in this session is not told again', { local: STORED }, [
    {
      by: 'reference',
      play: ({ client, plugin }) => {
        const page = client();
        page.addPlugin(plugin());
        page.variant('a');
      },
    },
    ({ client, plugin, tracked }) => {
      const page = client();
      page.addPlugin(plugin());
      page.variant('a');
      page.variant('b');
      return tracked.length;
    },
  ]),

  script(
    'what two clients of one name told in a session, neither forgets',
    { local: { [STORE]: { a: 'on', b: 'on', c: 'on' } } },
    [
      ({ client, plugin, tracked }) => {
        const [one, other] = ['key-one-abcdef', 'key-two-abcdef'].map((key) => client(undefined, key));
        one.addPlugin(plugin({ name: 'plugin one' }));
        other.addPlugin(plugin({ name: 'plugin other' }));
        one.variant('a');
        other.variant('b');
        one.variant('c');
        for (const page of [one, other]) for (const key of ['a', 'b', 'c']) page.variant(key);
        return tracked.length;
      },
      ({ client, plugin, tracked }) => {
        const page = client();
        page.addPlugin(plugin());
        for (const key of ['a', 'b', 'c']) page.variant(key);
        return tracked.length;
      },
    ],
  ),

  script(
    'an integration hears of a change of identity by the rule of sessions',
    {
      answers: { vardata: { flag: ON } },
      differs: [
        { what: 'returned', at: [0, 6], reference: 6, ours: 5, why: INTENDED.unknown },
        { what: 'tracked', as: (tracked) => tracked.length, reference: 6, ours: 5, why: INTENDED.unknown },
      ],
    },
    async ({ client, plugin, tracked }) => {
      const page = client();
      page.addPlugin(plugin());
      const counts = [];
      for (const user of [
        { user_id: 'u', device_id: 'd' },
        { user_id: 'u', device_id: 'e' },
        { device_id: 'e' },
        { device_id: 'd' },
        { user_id: 'u', device_id: 'd' },
        { user_id: 'w', device_id: 'd' },
        {},
      ]) {
        await page.fetch(user);
        page.variant('flag');
        counts.push(tracked.length);
      }
      return counts;
    },
  ),

  script(
    'an integration is told A, B and A again',
    {
      answers: {
        vardata: inTurn(
          { flag: { key: 'a' } },
          { flag: { key: 'b' } },
          { flag: { key: 'a' } },
          { flag: { key: 'off', metadata: { default: true } } },
          { flag: { key: 'off', metadata: { default: true } } },
        ),
      },
    },
    async ({ client, plugin }) => {
      const page = client();
      page.addPlugin(plugin());
      for (let round = 0; round < 5; round++) {
        await page.fetch({ user_id: 'u' });
        page.variant('flag');
      }
    },
  ),

  script(
    'an integration is told of another run of the experiment',
    {
      answers: {
        vardata: inTurn(
          ...['exp-1', 'exp-2'].map((experimentKey) => ({ flag: { ...ON, metadata: { experimentKey } } })),
        ),
      },
      differs: {
        what: 'tracked',
        as: (tracked) => tracked.map(({ event }) => event.eventProperties.experiment_key),
        reference: ['exp-1'],
        ours: ['exp-1', 'exp-2'],
        why: INTENDED.experimentKey,
      },
    },
    async ({ client, plugin }) => {
      const page = client();
      page.addPlugin(plugin());
      for (let round = 0; round < 2; round++) {
        await page.fetch({ user_id: 'u' });
        page.variant('flag');
      }
    },
  ),

  script('a full session storage harms no integration', { local: STORED }, ({ client, plugin, attempt }) => {
    const { setItem } = Storage.prototype;
    Storage.prototype.setItem = function (...given) {
      if (this === sessionStorage) throw new DOMException('full', 'QuotaExceededError');
      return setItem.apply(this, given);
    };
    const page = client();
    page.addPlugin(plugin());
    page.setUser({ user_id: 'u' });
    return [attempt(() => page.variant('a')), attempt(() => page.variant('a'))];
  }),
];
