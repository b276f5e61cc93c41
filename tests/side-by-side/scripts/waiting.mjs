// Exposures that wait: for an integration to come, to be set up, or to be ready.

import { INTENDED } from '../intended-differences.mjs';
import { FOR_NOBODY } from '../normalize.mjs';
import { STORE, script } from '../script.mjs';

const STORED = { [STORE]: { a: 'on', b: 'on' } };
const UNSENT = 'EXP_unsent_$default_instance';
const SENT = 'EXP_sent_v3_$default_instance';

export default [
  script(
    'without anybody to tell, exposures wait for an integration',
    { local: STORED },
    ({ client, plugin, tracked, waiting }) => {
      const page = client();
      page.setUser({ user_id: 'u' });
      page.variant('a');
      page.variant('b');
      page.addPlugin(plugin());
      return [tracked.length, waiting()];
    },
  ),

  script(
    'without anybody to tell, exposures are stored',
    {
      local: STORED,
      exact: [FOR_NOBODY],
      differs: [
        { what: 'returned', at: [0], reference: ['a', 'b'], ours: [], why: INTENDED.forNobody },
        {
          what: 'stored',
          at: [0],
          as: ({ local, session }) => [local['(the queue)']?.length, Object.keys(session[SENT] ?? {})],
          reference: [2, ['a', 'b']],
          ours: [undefined, []],
          why: INTENDED.forNobody,
        },
      ],
    },
    ({ client, waiting }) => {
      const page = client();
      page.setUser({ user_id: 'u' });
      page.variant('a');
      page.variant('a');
      page.variant('b');
      return waiting();
    },
  ),

  script(
    'without anybody to tell, exposures wait over a reload',
    {
      local: STORED,
      differs: [
        { what: 'returned', at: [1], reference: 2, ours: 1, why: INTENDED.forNobody },
        {
          what: 'tracked',
          as: (tracked) => tracked.map(({ event }) => event.eventProperties.flag_key),
          reference: ['a', 'b'],
          ours: ['b'],
          why: INTENDED.forNobody,
        },
        {
          what: 'stored',
          at: [1, 'session', SENT],
          reference: { a: 'on', b: 'on' },
          ours: { b: 'on' },
          why: INTENDED.forNobody,
        },
      ],
    },
    [
      ({ client }) => void client().variant('a'),
      ({ client, plugin, tracked }) => {
        const page = client();
        page.addPlugin(plugin());
        page.variant('b');
        return tracked.length;
      },
    ],
  ),

  script(
    'an integration that is not ready keeps exposures waiting, in order',
    { local: { [STORE]: { a: 'on', b: 'on', c: 'on', d: 'on' } } },
    async ({ client, plugin, tracked, advance }) => {
      let ready = false;
      const page = client();
      page.addPlugin(plugin({ taken: () => ready }));
      page.setUser({ user_id: 'u' });
      for (const key of ['a', 'b', 'c']) page.variant(key);
      await advance(2500);
      ready = true;
      await advance(400);
      const before = tracked.length;
      await advance(200);
      const between = tracked.length;
      page.variant('d');
      await advance(5000);
      return [before, between, tracked.length];
    },
  ),

  script(
    'an integration that throws is not ready',
    { local: STORED },
    async ({ client, plugin, attempt, advance, tracked }) => {
      let throws = true;
      const page = client();
      page.addPlugin(
        plugin({
          taken: () => {
            if (throws) throw new Error('no');
            return true;
          },
        }),
      );
      page.setUser({ user_id: 'u' });
      const answers = [attempt(() => page.variant('a').key), attempt(() => page.variant('b').key)];
      throws = false;
      await advance(1000);
      return [...answers, tracked.length];
    },
  ),

  script(
    'what an integration answers counts by its truth',
    { local: { [STORE]: { a: 'on', b: 'on', c: 'on', d: 'on', e: 'on' } } },
    async ({ client, plugin, advance, tracked, waiting }) => {
      const seen = [];
      for (const [name, taken] of Object.entries({
        undefined: undefined,
        null: null,
        zero: 0,
        one: 1,
        text: 'yes',
      })) {
        localStorage.setItem(`amp-exp-${name}-abcdef`, '{"a":"on"}');
        const page = client({ instanceName: name });
        page.addPlugin(plugin({ taken, name }));
        page.variant('a');
        const before = tracked.length;
        await advance(2100);
        seen.push([name, tracked.length - before, waiting(name)]);
      }
      return seen;
    },
  ),

  script('at most 512 exposures wait, the newest', async ({ client, plugin, tracked, advance }) => {
    const initialVariants = Object.fromEntries(
      Array.from({ length: 520 }, (_, place) => [`flag ${place}`, 'on']),
    );
    const page = client({ source: 'initialVariants', initialVariants });
    page.setUser({ user_id: 'u' });
    for (const key of Object.keys(initialVariants)) page.variant(key);
    page.addPlugin(plugin());
    await advance(2000);
    return [tracked.length, tracked[0].event.eventProperties.flag_key];
  }),

  script(
    'at most 512 exposures wait, the newest, also where the first was refused before',
    async ({ client, plugin, tracked, advance }) => {
      const initialVariants = Object.fromEntries(
        Array.from({ length: 520 }, (_, place) => [`flag ${place}`, 'on']),
      );
      let ready = false;
      const page = client({ source: 'initialVariants', initialVariants });
      page.addPlugin(plugin({ taken: () => ready }));
      page.setUser({ user_id: 'u' });
      for (const key of Object.keys(initialVariants)) page.variant(key);
      ready = true;
      const before = tracked.length;
      await advance(2000);
      const late = tracked.splice(0).slice(before);
      return [late.length, late[0].event.eventProperties.flag_key];
    },
  ),

  script('what waits for the integrations of two tabs is told once', { local: STORED }, [
    async ({ client, plugin, advance }) => {
      const page = client();
      page.addPlugin(plugin({ taken: false }));
      page.variant('a');
      await advance(100);
    },
    {
      inNewTab: true,
      play: async ({ client, plugin, tracked, advance }) => {
        const [one, other] = ['key-one-abcdef', 'key-two-abcdef'].map((key) => client(undefined, key));
        let ready = false;
        one.addPlugin(plugin({ name: 'plugin one', taken: () => ready }));
        const before = tracked.length;
        other.addPlugin(plugin({ name: 'plugin other' }));
        ready = true;
        await advance(3000);
        return tracked.slice(before).map(({ to }) => to);
      },
    },
  ]),

  script(
    'what other pages left waiting is told first, in its order',
    {
      local: {
        ...STORED,
        [UNSENT]: ['f', 'b', 'e', 'a', 'd', 'c'].map((key, place) => ({
          eventType: place % 2 ? '$own' : '$exposure',
          eventProperties: {
            flag_key: `old ${key}`,
            variant: 'on',
            ...(place % 2 && { metadata: { exposureEvent: '$own' } }),
          },
        })),
      },
    },
    ({ client, plugin }) => {
      const page = client();
      page.addPlugin(plugin());
      page.setUser({ user_id: 'u' });
      page.variant('a');
    },
  ),

  script(
    'an event that is no exposure is told too, if somebody left it waiting',
    {
      local: { ...STORED, [UNSENT]: [{ eventType: '$own', eventProperties: { any: 1 } }] },
      differs: {
        what: 'tracked',
        as: (tracked) => tracked.map(({ event }) => event.eventType),
        reference: ['$own', '$exposure'],
        ours: ['$exposure'],
        why: INTENDED.foreign,
      },
    },
    ({ client, plugin }) => {
      const page = client();
      page.addPlugin(plugin());
      page.variant('a');
    },
  ),

  script(
    'exposures wait until the integration is set up',
    { local: STORED },
    async ({ client, plugin, tracked, next, plain }) => {
      let ready;
      const given = [];
      const page = client({ instanceName: '$default_instance', exposureTrackingProvider: undefined });
      const setup = (config, client) => {
        given.push([config.instanceName, config.serverUrl === location.origin, client === page]);
        return new Promise((resolve) => (ready = resolve));
      };
      page.addPlugin(plugin({ setup }));
      page.setUser({ user_id: 'u' });
      page.variant('a');
      const before = tracked.length;
      ready();
      await next();
      return [before, tracked.length, plain(given)];
    },
  ),

  script('a set-up that fails is a set-up', { local: STORED }, async ({ client, plugin, tracked, next }) => {
    const page = client();
    page.addPlugin(plugin({ setup: () => Promise.reject(new Error('no')) }));
    page.setUser({ user_id: 'u' });
    page.variant('a');
    const before = tracked.length;
    await next();
    page.variant('b');
    return [before, tracked.length];
  }),

  script(
    'an integration in place of another',
    { local: { [STORE]: { a: 'on', b: 'on', c: 'on' } } },
    async ({ client, plugin, advance }) => {
      const calls = [];
      const page = client();
      page.addPlugin(
        plugin({ name: 'plugin one', taken: false, teardown: async () => void calls.push('down') }),
      );
      page.setUser({ user_id: 'u' });
      page.variant('a');
      page.addPlugin(plugin({ name: 'plugin two' }));
      page.variant('b');
      await advance(3000);
      page.variant('c');
      return calls;
    },
  ),

  script('a plugin of another type is none', { local: STORED }, async ({ client, plugin }) => {
    const page = client();
    const answer = page.addPlugin(plugin({ type: 'other' }));
    page.variant('a');
    return answer;
  }),

  script(
    'an integration added where a provider was told before',
    {
      local: STORED,
      differs: [
        {
          what: 'stored',
          at: [0, 'session', SENT],
          reference: { a: 'on', b: 'on' },
          ours: { b: 'on' },
          why: INTENDED.queueForNobody,
        },
        {
          what: 'tracked',
          as: (tracked) =>
            tracked.map(({ to, exposure, event }) => [to, (exposure ?? event.eventProperties).flag_key]),
          reference: [
            ['provider', 'a'],
            ['plugin', 'a'],
            ['provider', 'b'],
            ['plugin', 'b'],
          ],
          ours: [
            ['provider', 'a'],
            ['provider', 'b'],
            ['plugin', 'b'],
          ],
          why: INTENDED.queueForNobody,
        },
      ],
    },
    ({ client, plugin, provider }) => {
      const page = client({ exposureTrackingProvider: provider() });
      page.setUser({ user_id: 'u' });
      page.variant('a');
      page.addPlugin(plugin());
      page.variant('b');
    },
  ),
];
