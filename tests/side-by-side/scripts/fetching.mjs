// What a fetch sends, what it stores, and what becomes of one that fails or comes late.
import { after, byUser, held, inTurn, lost, status, text } from '../answers.mjs';
import { INTENDED } from '../intended-differences.mjs';
import { STORE, script } from '../script.mjs';

const ON = { key: 'on', value: 'on' };
const TWO = { key: 'two', value: 'two' };

/** Fetches with a client of each kind of patience, and says how that ended. */
const fails = async ({ client, logger, given: { config, millis = 0 }, advance }) => {
  const ends = [];
  for (const throwOnError of [false, true]) {
    const loggerProvider = logger();
    const page = client({
      instanceName: `throws ${throwOnError}`,
      throwOnError,
      retryFetchOnFailure: false,
      loggerProvider,
      ...config,
    });
    const end = page.fetch({ user_id: 'u' }).then(
      (answer) => ['resolved', answer === page],
      () => ['rejected'],
    );
    await advance(millis);
    ends.push([await end, page.variant('flag', 'inline'), throwOnError || loggerProvider.counts.error]);
  }
  return ends;
};

export default [
  script(
    'a fetch sends the user, stores the answer and resolves to the client',
    {
      answers: {
        vardata: {
          a: { ...ON, payload: { p: [1, null] }, metadata: { experimentKey: 'exp', segmentName: 'All' } },
          b: { key: 'off', metadata: { default: true } },
          c: { value: 'v' },
        },
      },
    },
    async ({ client, next }) => {
      const page = client();
      const asked = page.fetch({
        user_id: 'u',
        device_id: 'd',
        country: 'DE',
        user_properties: { plan: 'pro', n: 1.5, list: ['a'], nothing: null },
      });
      const during = page.variant('a', 'inline');
      await next();
      return [during, (await asked) === page, page.all()];
    },
  ),

  script(
    'a fetch without a user is for the user before, or for nobody',
    { answers: { vardata: byUser({ '': { flag: { key: 'nobody' } }, u: { flag: ON } }) } },
    async ({ client }) => {
      const page = client();
      const answers = [];
      for (const user of [undefined, { user_id: 'u' }, undefined, {}, null]) {
        await page.fetch(user);
        answers.push([page.getUser(), page.variant('flag')]);
      }
      return answers;
    },
  ),

  script('a fetch sets the user at once', ({ client }) => {
    const page = client();
    void page.fetch({ user_id: 'u' });
    return page.getUser();
  }),

  script(
    'a fetch of some flags replaces those, and removes what is not answered',
    {
      local: { [STORE]: { a: 'old', b: 'old', c: 'old' } },
      answers: { vardata: inTurn({ a: ON, d: TWO }, {}, { b: TWO }) },
    },
    async ({ client }) => {
      const page = client();
      await page.fetch({ user_id: 'u' }, { flagKeys: ['a', 'b', 'unknown'] });
      const answers = [page.all()];
      await page.fetch({ user_id: 'u' }, { flagKeys: ['a'] });
      answers.push(page.all());
      await page.fetch({ user_id: 'u' }, { flagKeys: [] });
      return [...answers, page.all()];
    },
  ),

  script('flag keys are sent as they are', { answers: { vardata: {} } }, async ({ client }) => {
    const page = client();
    for (const flagKeys of [['a', 'b'], ['a', 'a'], ['größe', '🦊', '', 'a,b', '"'], undefined])
      await page.fetch({ user_id: 'u' }, { flagKeys });
    await page.fetch({ user_id: 'u' }, {});
  }),

  script(
    'fetches of the same user that are answered in order',
    { answers: { vardata: inTurn(held('first', { flag: ON }), held('second', { flag: TWO })) } },
    async ({ client, server }) => {
      const page = client();
      const ends = [];
      const fetches = ['first', 'second'].map((name) =>
        page.fetch({ user_id: 'u' }).then(() => ends.push(name)),
      );
      const answers = [];
      for (const name of ['first', 'second']) {
        await server.release(name);
        answers.push([page.variant('flag').key, [...ends]]);
      }
      await Promise.all(fetches);
      return answers;
    },
  ),

  script(
    'of fetches that overtake each other the later one counts',
    {
      answers: { vardata: inTurn(held('first', { flag: ON }), held('second', { flag: TWO })) },
      differs: [
        { what: 'returned', at: [0, 1], reference: 'on', ours: 'two', why: INTENDED.late },
        {
          what: 'stored',
          at: [0, 'local', STORE],
          reference: { flag: { key: 'on', value: 'on' } },
          ours: { flag: { key: 'two', value: 'two' } },
          why: INTENDED.late,
        },
      ],
    },
    async ({ client, server }) => {
      const page = client({ automaticExposureTracking: false });
      const fetches = [page.fetch({ user_id: 'u' }), page.fetch({ user_id: 'u' })];
      const answers = [];
      for (const name of ['second', 'first']) {
        await server.release(name);
        answers.push(page.variant('flag').key);
      }
      await Promise.all(fetches);
      return answers;
    },
  ),

  script(
    'fetches of different flags do not disturb each other',
    { answers: { vardata: inTurn(held('first', { a: ON }), held('second', { b: TWO })) } },
    async ({ client, server }) => {
      const page = client();
      const fetches = [
        page.fetch({ user_id: 'u' }, { flagKeys: ['a'] }),
        page.fetch({ user_id: 'u' }, { flagKeys: ['b'] }),
      ];
      await server.release('second');
      await server.release('first');
      await Promise.all(fetches);
      return page.all();
    },
  ),

  script(
    'an answer for the user before is not stored for the user now',
    {
      answers: { vardata: byUser({ u: held('u', { flag: ON }), w: { flag: TWO } }) },
      differs: [
        {
          what: 'returned',
          at: [0],
          reference: ['two', 'on', 'w'],
          ours: ['two', 'two', 'w'],
          why: INTENDED.late,
        },
        {
          what: 'tracked',
          as: (tracked) => tracked.map(({ exposure }) => exposure.variant),
          reference: ['two', 'on'],
          ours: ['two'],
          why: INTENDED.late,
        },
        { what: 'sent', at: [0, 'aborted'], reference: undefined, ours: 0, why: INTENDED.aborted },
        {
          what: 'stored',
          at: [0, 'local', STORE],
          reference: { flag: { key: 'on', value: 'on' } },
          ours: { flag: { key: 'two', value: 'two' } },
          why: INTENDED.late,
        },
      ],
    },
    async ({ client, server, provider }) => {
      const page = client({ exposureTrackingProvider: provider() });
      const first = page.fetch({ user_id: 'u' });
      await page.fetch({ user_id: 'w' });
      const before = page.variant('flag').key;
      await server.release('u');
      await first;
      return [before, page.variant('flag').key, page.getUser().user_id];
    },
  ),

  script(
    'variants of the user before are neither served nor exposed',
    {
      answers: { vardata: { flag: ON } },
      differs: [
        {
          what: 'returned',
          at: [0],
          reference: ['on', 'on', { flag: { key: 'on', value: 'on' } }, 'on'],
          ours: ['on', 'inline', {}, 'on'],
          why: INTENDED.identity,
        },
        { what: 'tracked', as: (tracked) => tracked.length, reference: 3, ours: 1, why: INTENDED.identity },
      ],
    },
    async ({ client, provider }) => {
      const page = client({ exposureTrackingProvider: provider() });
      await page.fetch({ user_id: 'u' });
      const before = page.variant('flag', 'inline').key;
      page.setUser({ user_id: 'w' });
      const ofAnother = [page.variant('flag', 'inline').key, page.all()];
      page.setUser({ user_id: 'u', user_properties: { a: 1 } });
      return [before, ...ofAnother, page.variant('flag', 'inline').key];
    },
  ),

  script(
    'logging in is a change of identity, another device of the same user is none',
    {
      answers: { vardata: { flag: ON } },
      differs: [
        {
          what: 'returned',
          at: [0],
          reference: ['on', 'on', 'on', 'on', 'on'],
          ours: ['on', 'inline', 'inline', 'on', 'on'],
          why: INTENDED.identity,
        },
      ],
    },
    async ({ client }) => {
      const page = client({ automaticExposureTracking: false });
      await page.fetch({ device_id: 'd' });
      const answers = [{ device_id: 'd' }, { user_id: 'u', device_id: 'd' }, { device_id: 'e' }].map(
        (user) => {
          page.setUser(user);
          return page.variant('flag', 'inline').key;
        },
      );
      await page.fetch({ user_id: 'u', device_id: 'd' });
      page.setUser({ user_id: 'u', device_id: 'e' });
      answers.push(page.variant('flag', 'inline').key);
      page.setUser({ user_id: 'u' });
      return [...answers, page.variant('flag', 'inline').key];
    },
  ),

  ...[
    ['a refusal', { vardata: status(400, 'no') }],
    ['an error of the server', { vardata: status(500) }],
    ['a broken connection', { vardata: lost }],
    ['an answer that is no JSON', { vardata: text('nonsense') }],
    ['an answer that says nothing', { vardata: text('null') }],
    ['an empty answer', { vardata: text('') }],
    ['an answer with another status', { vardata: status(204) }],
  ].map(([name, answers]) =>
    script(
      `${name} leaves what was stored, and rejects only where that is asked for`,
      { answers, given: {}, local: { 'amp-exp-throws false-abcdef': { flag: 'stored' } } },
      fails,
    ),
  ),

  script(
    'an answer that takes too long fails',
    {
      answers: { vardata: after(5000, { flag: ON }) },
      given: { config: { fetchTimeoutMillis: 2000 }, millis: 6000 },
      differs: [0, 1].map((place) => ({
        what: 'sent',
        at: [place, 'aborted'],
        reference: undefined,
        ours: 2000 + place * 6000,
        why: INTENDED.aborted,
      })),
    },
    fails,
  ),

  script(
    'a request has ten seconds',
    {
      answers: { vardata: inTurn(after(9999, { flag: ON }), after(10_001, { flag: TWO })) },
      given: { millis: 12_000 },
      differs: {
        what: 'sent',
        at: [1, 'aborted'],
        reference: undefined,
        ours: 22_000,
        why: INTENDED.aborted,
      },
    },
    fails,
  ),

  script(
    'a timeout of nothing, or less, is none',
    { answers: { vardata: after(100_000, { flag: ON }) } },
    async ({ client, advance }) => {
      const clients = [0, -1].map((fetchTimeoutMillis) =>
        client({ instanceName: `${fetchTimeoutMillis}`, fetchTimeoutMillis, retryFetchOnFailure: false }),
      );
      const ends = [];
      clients.forEach((page, place) => void page.fetch({ user_id: 'u' }).then(() => ends.push(place)));
      await advance(99_999);
      const before = [...ends];
      await advance(1);
      return [before, ends, clients.map((page) => page.variant('flag', 'inline'))];
    },
  ),

  script(
    'what a rejected fetch says of the error',
    { answers: { vardata: status(503) } },
    async ({ client }) => {
      const page = client({ throwOnError: true, retryFetchOnFailure: false });
      const error = await page.fetch({ user_id: 'u' }).then(
        () => undefined,
        (error) => error,
      );
      return [error instanceof Error, error.statusCode, typeof error.message];
    },
  ),

  script(
    'an answer of an odd shape is taken as far as it goes',
    {
      answers: {
        vardata: {
          flag: { key: 'on', value: 'on', payload: 0, metadata: null, more: 1 },
          empty: {},
          falsy: { key: '', value: '', payload: false },
        },
      },
    },
    async ({ client, provider }) => {
      const page = client({ exposureTrackingProvider: provider() });
      await page.fetch({ user_id: 'u' });
      return [page.all(), ...['flag', 'empty', 'falsy'].map((key) => page.variant(key, 'inline'))];
    },
  ),

  script(
    'answered variants that are no objects',
    {
      answers: { vardata: { nothing: null, text: 'on', list: ['on'] } },
      differs: [
        {
          what: 'returned',
          at: [0],
          as: ([all, ...variants]) => [Object.keys(all), variants.map(({ value }) => value)],
          reference: [
            ['nothing', 'text', 'list'],
            [undefined, undefined, undefined],
          ],
          ours: [[], ['inline', 'inline', 'inline']],
          why: INTENDED.noObjects,
        },
        { what: 'tracked', as: (tracked) => tracked.length, reference: 3, ours: 0, why: INTENDED.noObjects },
        {
          what: 'stored',
          at: [0, 'local', STORE],
          reference: { nothing: {}, text: {}, list: {} },
          ours: {},
          why: INTENDED.noObjects,
        },
      ],
    },
    async ({ client, provider }) => {
      const page = client({ exposureTrackingProvider: provider() });
      await page.fetch({ user_id: 'u' });
      return [page.all(), ...['nothing', 'text', 'list'].map((key) => page.variant(key, 'inline'))];
    },
  ),

  script(
    "a rejected fetch is the page's to log",
    { answers: { vardata: status(500) } },
    async ({ client, logger }) => {
      const loggerProvider = logger();
      await client({ throwOnError: true, retryFetchOnFailure: false, loggerProvider })
        .fetch({ user_id: 'u' })
        .catch(() => {});
      return loggerProvider.counts;
    },
  ),
];
