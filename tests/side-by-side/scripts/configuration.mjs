// What the options change: where requests go, who sends them, what is logged.
import { status } from '../answers.mjs';
import { INTENDED } from '../intended-differences.mjs';
import { STORE, script } from '../script.mjs';

const ON = { key: 'on', value: 'on' };

/** Starts a client for each set of options. */
const startEach = async ({ sdk, given }) => {
  for (const [place, config] of given.entries()) {
    const page = sdk.Experiment.initialize('key-0123456789-abcdef', {
      instanceName: `${place}`,
      pollOnStart: false,
      ...config,
    });
    await page.start({ user_id: 'u' });
  }
};

export default [
  script(
    'without a zone the servers are those in the United States',
    {
      elsewhere: true,
      given: [{}, { serverZone: 'US' }, { serverZone: 'us' }, { serverZone: 'nowhere' }, { serverZone: '' }],
    },
    startEach,
  ),

  script(
    'the zone EU has servers of its own',
    { elsewhere: true, given: [{ serverZone: 'EU' }, { serverZone: 'eu' }, { serverZone: 'Eu' }] },
    startEach,
  ),

  script(
    'an address given wins over the zone, each for itself',
    {
      elsewhere: true,
      given: [
        { serverZone: 'EU', serverUrl: 'https://own.example' },
        { serverZone: 'EU', flagsServerUrl: 'https://flags.example' },
        { serverUrl: 'https://own.example/proxy/path', flagsServerUrl: 'https://flags.example/proxy' },
      ],
    },
    startEach,
  ),

  script(
    'an address with a slash at its end',
    {
      elsewhere: true,
      given: [{ serverUrl: 'https://own.example/', flagsServerUrl: 'https://flags.example/' }],
      // An address that begins with two slashes is another host's, where nobody answers.
      differs: [
        {
          what: 'sent',
          as: (sent) => sent.map(({ path }) => path),
          reference: [],
          ours: ['/sdk/v2/flags', '/sdk/v2/vardata'],
          why: INTENDED.addresses,
        },
        {
          what: 'stored',
          at: [0, 'local', 'amp-exp-0-abcdef'],
          reference: undefined,
          ours: {},
          why: INTENDED.addresses,
        },
        {
          what: 'stored',
          at: [0, 'local', 'amp-exp-0-abcdef-flags'],
          reference: undefined,
          ours: {},
          why: INTENDED.addresses,
        },
      ],
    },
    startEach,
  ),

  script(
    'an address relative to the page',
    {
      given: [{ serverUrl: '/proxy', flagsServerUrl: '/proxy', retryFetchOnFailure: false, logLevel: 0 }],
      differs: [
        {
          what: 'sent',
          as: (sent) => sent.map(({ path }) => path),
          reference: ['/proxy/sdk/v2/flags'],
          ours: ['/proxy/sdk/v2/flags', '/proxy/sdk/v2/vardata'],
          why: INTENDED.relative,
        },
        {
          what: 'stored',
          at: [0, 'local', 'amp-exp-0-abcdef'],
          reference: undefined,
          ours: {},
          why: INTENDED.relative,
        },
      ],
    },
    startEach,
  ),

  script('the page may send requests itself', async ({ client, plain }) => {
    const asked = [];
    const httpClient = {
      own: 'this',
      async request(...given) {
        asked.push([
          this.own,
          ...plain(given).map((part) => (typeof part === 'object' && part ? Object.keys(part).sort() : part)),
        ]);
        return given[0].includes('flags')
          ? { status: 200, body: '[]' }
          : { status: 200, body: '{"flag":{"key":"on","value":"on"}}' };
      },
    };
    const page = client({ httpClient, fetchTimeoutMillis: 1234, pollOnStart: false });
    await page.start({ user_id: 'u' });
    await page.fetch({ user_id: 'u' }, { flagKeys: ['flag'] });
    return [asked, page.variant('flag')];
  }),

  script('what the page sends itself may fail in every way', async ({ client, advance }) => {
    const ends = [];
    const ways = {
      rejects: () => Promise.reject(new Error('no')),
      throws: () => {
        throw new Error('no');
      },
      status: async () => ({ status: 500, body: '' }),
      nonsense: async () => ({ status: 200, body: 'nonsense' }),
      nothing: async () => undefined,
    };
    for (const [name, request] of Object.entries(ways)) {
      const page = client({
        instanceName: name,
        httpClient: { request },
        throwOnError: true,
        retryFetchOnFailure: false,
        pollOnStart: false,
      });
      ends.push([
        name,
        await page.fetch({ user_id: 'u' }).then(
          () => 'resolved',
          () => 'rejected',
        ),
        page.variant('flag', 'inline'),
      ]);
    }
    await advance(1000);
    return ends;
  }),

  script('what the page sends itself is tried again', async ({ client, advance, now }) => {
    const begun = now();
    const asked = [];
    const httpClient = {
      async request() {
        asked.push(now() - begun);
        if (asked.length < 4) throw new Error('no');
        return { status: 200, body: '{"flag":{"key":"on"}}' };
      },
    };
    const page = client({ httpClient, automaticExposureTracking: false });
    await page.fetch({ user_id: 'u' });
    await advance(30_000);
    return [asked, page.variant('flag')];
  }),

  script(
    'an error is logged as one, where errors are logged',
    { answers: { vardata: status(500) } },
    async ({ client, logger }) => {
      const counts = {};
      for (const logLevel of [undefined, 0, 1, 2, 3, 4, 5]) {
        const loggerProvider = logger();
        await client({
          instanceName: `level ${logLevel}`,
          logLevel,
          loggerProvider,
          retryFetchOnFailure: false,
        }).fetch({ user_id: 'u' });
        counts[`level ${logLevel}`] = [
          loggerProvider.counts.error,
          loggerProvider.counts.warn,
          loggerProvider.counts.info,
        ];
      }
      return counts;
    },
  ),

  script(
    'details are logged where they are asked for',
    { answers: { vardata: { flag: ON } } },
    async ({ client, logger }) => {
      const counts = {};
      for (const config of [
        { logLevel: 3 },
        { logLevel: 4 },
        { logLevel: 5 },
        { debug: true },
        { debug: false },
        { debug: true, logLevel: 0 },
      ]) {
        const loggerProvider = logger();
        const page = client({ instanceName: JSON.stringify(config), loggerProvider, ...config });
        await page.fetch({ user_id: 'u' });
        page.variant('flag');
        counts[JSON.stringify(config)] = Object.entries(loggerProvider.counts)
          .filter(([, count]) => count)
          .map(([level]) => level);
      }
      return counts;
    },
  ),

  script(
    'a timeout is no error',
    {
      answers: { vardata: { $: { body: {}, after: 60_000 } } },
      differs: {
        what: 'sent',
        at: [0, 'aborted'],
        reference: undefined,
        ours: 10_000,
        why: INTENDED.aborted,
      },
    },
    async ({ client, logger, advance }) => {
      const loggerProvider = logger();
      void client({ loggerProvider, retryFetchOnFailure: false }).fetch({ user_id: 'u' });
      await advance(20_000);
      return loggerProvider.counts;
    },
  ),

  script(
    'without a logger the console hears of errors',
    { answers: { vardata: status(500) } },
    async ({ client }) => {
      const heard = [];
      for (const level of ['error', 'warn', 'info', 'debug', 'log']) console[level] = () => heard.push(level);
      await client({ retryFetchOnFailure: false }).fetch({ user_id: 'u' });
      await client({ instanceName: 'silent', retryFetchOnFailure: false, logLevel: 0 }).fetch({
        user_id: 'u',
      });
      return heard;
    },
  ),

  script(
    'options are read once, and left alone',
    {
      differs: [
        {
          what: 'returned',
          at: [0, 0, 'initialVariants', 'flag'],
          reference: { key: 'on', value: 'on' },
          ours: 'on',
          why: INTENDED.copies,
        },
        { what: 'returned', at: [0, 1], reference: 'changed', ours: 'on', why: INTENDED.copies },
      ],
    },
    ({ client }) => {
      const config = { initialVariants: { flag: 'on' }, fallbackVariant: 'config' };
      const page = client(config);
      const after = structuredClone(config);
      config.initialVariants.flag = { key: 'changed' };
      config.fallbackVariant = 'changed';
      return [after, page.variant('flag').key, page.variant('other').key];
    },
  ),

  script(
    'without a key nothing is asked, and everything answered',
    {
      differs: {
        what: 'returned',
        at: [0],
        as: (answers) => answers.slice(0, 3),
        reference: [{}, {}, {}],
        ours: [
          { key: 'on', value: 'on' },
          { key: 'inline', value: 'inline' },
          { flag: { key: 'on', value: 'on' } },
        ],
        why: INTENDED.noKey,
      },
    },
    async ({ client, attempt, logger }) => {
      const loggerProvider = logger();
      const page = client(
        {
          loggerProvider,
          retryFetchOnFailure: false,
          initialVariants: { flag: 'on' },
          fallbackVariant: 'config',
          pollOnStart: false,
          fetchOnStart: false,
        },
        '',
      );
      return [
        page.variant('flag'),
        page.variant('other', 'inline'),
        page.all(),
        await attempt(() => page.fetch({ user_id: 'u' }).then((answer) => answer === page)),
        loggerProvider.counts.error,
      ];
    },
  ),

  script(
    'a source there is not',
    {
      local: { [STORE]: { flag: 'stored' } },
      differs: {
        what: 'returned',
        at: [0],
        as: ([one, other, all]) => [one.key, other.key, Object.keys(all)],
        reference: [undefined, undefined, []],
        ours: ['stored', 'stored', ['flag']],
        why: INTENDED.options,
      },
    },
    ({ client }) => {
      const page = client({
        source: 'nowhere',
        initialVariants: { flag: 'initial' },
        automaticExposureTracking: false,
      });
      return [page.variant('flag'), page.variant('flag', 'inline'), page.all()];
    },
  ),
];
