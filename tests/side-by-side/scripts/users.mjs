// Who is there: users that are set, and user providers.
import { byUser } from '../answers.mjs';
import { INTENDED } from '../intended-differences.mjs';
import { script } from '../script.mjs';

const ON = { key: 'on', value: 'on' };

export default [
  script('nobody is there before a user is set', ({ client }) => {
    const page = client();
    const before = page.getUser();
    page.setUser({ user_id: 'u' });
    const between = page.getUser();
    page.setUser(undefined);
    return [before, between, page.getUser()];
  }),

  script('setting no user leaves nobody', ({ client }) => {
    const page = client();
    page.setUser({ user_id: 'u' });
    page.setUser(null);
    return [page.getUser(), page.variant('flag', 'inline')];
  }),

  script('what getUser answers is a copy', ({ client }) => {
    const page = client();
    page.setUser({ user_id: 'u', user_properties: { plan: 'pro' }, groups: { org: ['acme'] } });
    const copy = page.getUser();
    copy.user_id = 'w';
    copy.user_properties.plan = 'free';
    return [page.getUser(), page.getUser() === page.getUser()];
  }),

  script('a user that is changed after it was set stays as it was set', ({ client }) => {
    const page = client();
    const user = { user_id: 'u' };
    page.setUser(user);
    user.user_id = 'w';
    return page.getUser();
  }),

  script(
    'properties that are changed after they were set stay as they were set',
    {
      differs: {
        what: 'returned',
        at: [0, 'user_properties', 'plan'],
        reference: 'free',
        ours: 'pro',
        why: INTENDED.copies,
      },
    },
    ({ client }) => {
      const page = client();
      const user = { user_id: 'u', user_properties: { plan: 'pro' } };
      page.setUser(user);
      user.user_properties.plan = 'free';
      return page.getUser();
    },
  ),

  script(
    'a user provider fills in what the user lacks, and properties are merged',
    { answers: { vardata: { flag: ON } } },
    async ({ client }) => {
      const getUser = () => ({
        user_id: 'p',
        device_id: 'd',
        country: 'FR',
        user_properties: { a: 'provided', b: 'provided' },
        groups: { org: ['acme'] },
      });
      const page = client({ userProvider: { getUser } });
      for (const user of [
        undefined,
        {},
        { user_id: 'u', user_properties: { b: 'own', c: 'own' } },
        { user_id: '', country: 'DE', groups: { team: ['x'] } },
      ])
        await page.fetch(user);
    },
  ),

  script('fields of the user that are null or empty hide what is provided', async ({ client }) => {
    const page = client({
      userProvider: {
        getUser: () => ({ user_id: 'p', device_id: 'd', country: 'FR', user_properties: { a: 1, b: 2 } }),
      },
    });
    await page.fetch({ device_id: null, country: '', user_properties: undefined });
    await page.fetch({ user_properties: null });
    await page.fetch({ user_properties: { a: null, b: '' } });
  }),

  script(
    'fields of the user that are undefined',
    {
      differs: {
        what: 'sent',
        as: (sent) => sent.map(({ user }) => [user.user_id, user.user_properties.a]),
        reference: [
          [undefined, 1],
          ['p', undefined],
        ],
        ours: [
          ['p', 1],
          ['p', 1],
        ],
        why: INTENDED.undefinedFields,
      },
    },
    async ({ client }) => {
      const page = client({
        userProvider: { getUser: () => ({ user_id: 'p', device_id: 'd', user_properties: { a: 1 } }) },
      });
      await page.fetch({ user_id: undefined });
      await page.fetch({ user_properties: { a: undefined } });
    },
  ),

  script(
    'a user without properties after one with properties',
    {
      differs: {
        what: 'returned',
        at: [0, 'user_properties'],
        reference: {},
        ours: undefined,
        why: INTENDED.noProperties,
      },
    },
    ({ client }) => {
      const page = client();
      page.setUser({ user_id: 'u', user_properties: { a: 1 } });
      page.setUser({ user_id: 'w' });
      return page.getUser();
    },
  ),

  script('a user provider that says nothing', async ({ client }) => {
    for (const [place, user] of [undefined, null, {}].entries())
      await client({ instanceName: `${place}`, userProvider: { getUser: () => user } }).fetch({
        user_id: 'u',
      });
  }),

  script(
    'a user provider set later takes the place of all that was provided',
    { answers: { vardata: { flag: ON } } },
    async ({ client }) => {
      const page = client({ userProvider: { getUser: () => ({ device_id: 'd' }) } });
      const provider = { getUser: () => ({ device_id: 'e', language: 'xx' }) };
      const answer = page.setUserProvider(provider);
      await page.fetch({ user_id: 'u' });
      return [answer === page, page.getUserProvider() === provider];
    },
  ),

  script('the user provider of the options answers for the page too', ({ client }) => {
    const page = client({ userProvider: { getUser: () => ({ device_id: 'd', language: 'xx' }) } });
    const { first_seen, ...user } = page.getUserProvider().getUser();
    return [
      user,
      typeof first_seen,
      Object.keys(client({ instanceName: 'other' }).getUserProvider().getUser()).sort(),
    ];
  }),

  script('what the user says wins over what the page knows', async ({ client }) => {
    const own = {
      language: 'xx',
      platform: 'Own',
      os: 'os',
      device_model: 'model',
      device_category: 'tv',
      browser: 'b',
      landing_url: 'l',
      referring_url: 'r',
      first_seen: '1',
      url_param: { own: '1' },
      user_agent: 'ua',
      version: '1',
      library: 'mine/1',
      cookie: { a: 'b' },
    };
    await client({ userProvider: { getUser: () => ({ platform: 'Provided', carrier: 'c' }) } }).fetch({
      user_id: 'u',
      ...own,
    });
  }),

  script(
    'a client made by its constructor knows nothing of the page',
    { answers: { vardata: { flag: ON } } },
    async ({ sdk }) => {
      const page = new sdk.ExperimentClient('key-0123456789-abcdef', {
        serverUrl: location.origin,
        flagsServerUrl: location.origin,
      });
      await page.fetch({ user_id: 'u' });
      return [
        page.variant('flag'),
        page.getUserProvider(),
        Object.keys(globalThis.experimentInstances ?? {}),
      ];
    },
  ),

  script(
    'users of many kinds are sent as they are',
    { answers: { vardata: byUser({}) } },
    async ({ client }) => {
      const page = client();
      for (const user_id of ['', ' ', 'größe', '🦊', '\ud83d', '"quoted"', '\u0000', 'x'.repeat(500), '0'])
        await page.fetch({
          user_id,
          user_properties: {
            [user_id]: user_id,
            nested: { deep: [[1, [2]]] },
            number: 1e21,
            small: 1e-7,
            negative: -0,
            precise: 0.1,
            big: 9007199254740993,
          },
        });
    },
  ),

  script(
    'a user who is too long for a header',
    {
      answers: { vardata: { flag: { key: 'on', value: 'on' } } },
      differs: [
        { what: 'sent', at: [0, 'method'], reference: 'GET', ours: 'POST', why: INTENDED.longUsers },
        {
          what: 'sent',
          at: [0, 'headers', 'content-type'],
          reference: undefined,
          ours: 'text/plain;charset=UTF-8',
          why: INTENDED.longUsers,
        },
        {
          what: 'sent',
          at: [0, 'alphabet'],
          reference: 'base64url',
          ours: undefined,
          why: INTENDED.longUsers,
        },
        {
          what: 'sent',
          at: [0, 'user'],
          as: (user) => user?.user_properties.long.length,
          reference: 6000,
          ours: undefined,
          why: INTENDED.longUsers,
        },
        {
          what: 'sent',
          at: [0, 'body'],
          as: (body) => body?.user_properties.long.length,
          reference: undefined,
          ours: 6000,
          why: INTENDED.longUsers,
        },
      ],
    },
    async ({ client }) => {
      const page = client();
      await page.fetch({ user_id: 'u', user_properties: { long: 'x'.repeat(6000) } });
      return page.variant('flag');
    },
  ),

  script(
    'a property may be called __proto__',
    {
      differs: {
        what: 'sent',
        at: [0, 'user', 'user_properties'],
        as: (properties) => Object.keys(properties),
        reference: ['plain'],
        ours: ['plain', '__proto__'],
        why: INTENDED.inherited,
      },
    },
    async ({ client }) =>
      void (await client().fetch({ user_id: 'u', user_properties: { plain: 1, ['__proto__']: 'x' } })),
  ),
];
