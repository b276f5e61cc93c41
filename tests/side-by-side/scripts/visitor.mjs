// What a page knows of its visitor: browser, address, cookies, when they came and where they landed.

import { INTENDED } from '../intended-differences.mjs';
import { RECORDED } from '../normalize.mjs';
import { script } from '../script.mjs';

const ON = { key: 'on', value: 'on' };

/** One browser of each kind that the parser of user agents tells apart. */
const AGENTS = {
  chrome:
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  chromeMac:
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  chromeAndroid:
    'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.71 Mobile Safari/537.36',
  chromeIos:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1',
  chromeOs:
    'Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  webview:
    'Mozilla/5.0 (Linux; Android 14; SM-S918B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.6478.71 Mobile Safari/537.36',
  firefox: 'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0',
  firefoxAndroid: 'Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0',
  firefoxIos:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/127.0 Mobile/15E148 Safari/605.1.15',
  safari:
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15',
  safariIos:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
  ipad: 'Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1',
  edge: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.2592.68',
  edgeAndroid:
    'Mozilla/5.0 (Linux; Android 10; HD1913) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.72 Mobile Safari/537.36 EdgA/126.0.2592.56',
  opera:
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36 OPR/111.0.0.0',
  operaMini: 'Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; id) Presto/2.12.423 Version/12.16',
  samsung:
    'Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-G991B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36',
  tablet:
    'Mozilla/5.0 (Linux; Android 13; SM-X906C) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  yandex:
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 YaBrowser/24.6.0.0 Safari/537.36',
  brave:
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Brave Chrome/83.0.4103.116 Safari/537.36',
  vivaldi:
    'Mozilla/5.0 (Windows NT 10.0; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/91.0.4472.114 Safari/537.36 Vivaldi/4.0',
  explorer: 'Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko',
  oldEdge:
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763',
  facebook:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/468.0.0.0;FBDV/iPhone15,2]',
  instagram:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21F79 Instagram 336.0.0.0',
  uc: 'Mozilla/5.0 (Linux; U; Android 10; en-US; RMX1911) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/78.0.3904.108 UCBrowser/13.4.0.1306 Mobile Safari/537.36',
  silk: 'Mozilla/5.0 (Linux; Android 11; KFRAWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/120.3.1 like Chrome/120.0.6099.230 Safari/537.36',
  tv: 'Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) 76.0.3809.146/6.0 TV Safari/537.36',
  console:
    'Mozilla/5.0 (PlayStation; PlayStation 5/6.50) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15',
  headless:
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36',
  bot: 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  curl: 'curl/8.5.0',
  empty: '',
};

/** Those that are read in another way: name, and what the two say of browser and `os`. */
const OTHER_AGENTS = [
  ['operaMini', ['Opera', 'Opera Mini 36'], ['Android Browser', 'Android Browser 12']],
  ['brave', ['Chrome', 'Chrome 83'], ['Brave', 'Brave']],
  ['vivaldi', ['Vivaldi', 'Vivaldi 4'], ['Chrome', 'Chrome 91']],
  ['explorer', ['IE', 'IE 11'], [undefined, '']],
].map(([name, reference, ours]) => ({
  what: 'returned',
  at: [0, name],
  as: ({ browser, os }) => [browser, os],
  reference,
  ours,
  why: INTENDED.agents,
}));

export default [
  script(
    'what a page knows of its visitor is sent, cookies are not',
    { exact: [RECORDED], cookies: { session: 'secret', other: 'a=b' }, answers: { vardata: { flag: ON } } },
    [
      {
        url: '/shop/?a=1&b=x,y&c=1&c=2&empty=&flag&enc=%F0%9F%A6%8A#part',
        play: async ({ client }) => void (await client().fetch({ user_id: 'u' })),
      },
      {
        url: '/next?d=1',
        linked: true,
        play: async ({ client }) => void (await client().fetch({ user_id: 'u' })),
      },
    ],
  ),

  script(
    'what a page knows can be evaluated, cookies too',
    {
      cookies: { plan: 'pro' },
      given: JSON.stringify(
        [
          'language',
          'platform',
          'os',
          'device_model',
          'device_category',
          'browser',
          'landing_url',
          'referring_url',
          'user_agent',
          'first_seen',
        ]
          .map((name) => ({
            key: name,
            variants: { on: { key: 'on' } },
            segments: [
              {
                conditions: [[{ selector: ['context', 'user', name], op: 'is not', values: ['(none)'] }]],
                variant: 'on',
              },
            ],
            metadata: { evaluationMode: 'local' },
          }))
          .concat(
            [
              ['cookie', ['context', 'user', 'cookie', 'plan'], 'pro'],
              ['param', ['context', 'user', 'url_param', 'a'], '1'],
            ].map(([key, selector, value]) => ({
              key,
              variants: { on: { key: 'on' } },
              segments: [{ conditions: [[{ selector, op: 'is', values: [value] }]], variant: 'on' }],
              metadata: { evaluationMode: 'local' },
            })),
          ),
      ),
    },
    [{ url: '/?a=1', play: ({ client, given }) => client({ initialFlags: given }).all() }],
  ),

  script(
    'cookies that hold an equals sign',
    {
      cookies: { plan: 'pro', odd: 'a=b=c' },
      differs: { what: 'returned', at: [0, 'odd'], reference: 'a', ours: 'a=b=c', why: INTENDED.cookies },
    },
    ({ client }) => client().getUserProvider().getUser().cookie,
  ),

  script(
    'browsers are told apart by their user agents',
    { given: AGENTS, differs: OTHER_AGENTS },
    ({ client, given }) => {
      const answers = {};
      for (const [name, agent] of Object.entries(given)) {
        Object.defineProperty(navigator, 'userAgent', { configurable: true, value: agent });
        const { os, device_model, device_category, browser, user_agent } = client({ instanceName: name })
          .getUserProvider()
          .getUser();
        answers[name] = { os, device_model, device_category, browser, user_agent: user_agent === agent };
      }
      return answers;
    },
  ),

  script(
    'a phone of another language',
    {
      navigator: { userAgent: AGENTS.safariIos, language: 'de-AT', languages: ['de-AT', 'de'] },
    },
    async ({ client }) => void (await client().fetch({ user_id: 'u' })),
  ),

  script('the language is the first one the browser names', async ({ client }) => {
    const cases = [
      { languages: ['de-AT', 'de'], language: 'de' },
      { languages: [], language: 'fr' },
      { languages: undefined, language: 'it' },
      { languages: [''], language: '' },
      { languages: undefined, language: undefined },
    ];
    for (const [place, names] of cases.entries()) {
      for (const [name, value] of Object.entries(names))
        Object.defineProperty(navigator, name, { configurable: true, value });
      await client({ instanceName: `${place}` }).fetch({ user_id: 'u' });
    }
  }),

  script('odd addresses have odd parameters', async ({ client }) => {
    const addresses = [
      '/?',
      '/?=x',
      '/?a=%',
      '/?a=1&a=1,2&a=',
      '/?a+b=c+d',
      '/?a=,',
      '/#?a=1',
      '/?ключ=значение',
      '/?a[]=1&a[]=2',
    ];
    for (const [place, address] of addresses.entries()) {
      history.replaceState(null, '', address);
      await client({ instanceName: `${place}` }).fetch({ user_id: 'u' });
    }
  }),

  script(
    'a parameter may be called __proto__',
    {
      differs: {
        what: 'sent',
        at: [0, 'user', 'url_param'],
        reference: undefined,
        ours: JSON.parse('{"__proto__":"1","constructor":"2"}'),
        why: INTENDED.inherited,
      },
    },
    [
      {
        url: '/?__proto__=1&constructor=2',
        play: async ({ client }) => void (await client().fetch({ user_id: 'u' })),
      },
    ],
  ),

  script('where a visitor landed and when is remembered: the session, and for ever', { exact: [RECORDED] }, [
    {
      url: '/landing?a=1',
      play: async ({ client, advance }) => (await client().fetch({ user_id: 'u' }), await advance(60_000)),
    },
    { url: '/second/', play: async ({ client }) => void (await client().fetch({ user_id: 'u' })) },
    {
      url: '/tab',
      inNewTab: true,
      play: async ({ client }) => void (await client().fetch({ user_id: 'u' })),
    },
  ]),

  script(
    'a visitor is recorded when the client is made',
    {
      exact: [RECORDED],
      differs: ['local', 'session'].map((storage) => ({
        what: 'stored',
        at: [0, storage, 'EXP_key-012345_DEFAULT_USER_PROVIDER'],
        as: (stored) => typeof stored,
        reference: 'undefined',
        ours: 'object',
        why: INTENDED.visitor,
      })),
    },
    ({ client }) => void client(),
  ),

  script(
    'damaged records of the visitor',
    {
      exact: [RECORDED],
      local: { 'EXP_key-012345_DEFAULT_USER_PROVIDER': '{"first_seen"' },
      session: { 'EXP_key-012345_DEFAULT_USER_PROVIDER': 'nonsense' },
    },
    async ({ client }) => void (await client().fetch({ user_id: 'u' })),
  ),

  script(
    'records of the visitor that hold more are kept',
    {
      exact: [RECORDED],
      local: { 'EXP_key-012345_DEFAULT_USER_PROVIDER': { more: 1 } },
      session: { 'EXP_key-012345_DEFAULT_USER_PROVIDER': { landing_url: 'http://landed.example', more: 2 } },
    },
    async ({ client }) => void (await client().fetch({ user_id: 'u' })),
  ),
];
