// pkg/src/browser/default-user-provider.ts against the reference's DefaultUserProvider: the same user and the
// same records in storage on many pages.
import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import { Experiment } from '@amplitude/experiment-js-client';
import { source } from './source.mjs';

const { DefaultUserProvider } = await source('browser/default-user-provider.ts');
/** The reference does not export it. */
const Reference = Experiment.initialize('key').config.userProvider.constructor;

const KEY = 'client-0123456789';
const RECORD = 'EXP_client-012_DEFAULT_USER_PROVIDER';
const NOW = 1_764_028_800_123;

const SAFARI =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.6.1 Mobile/15E148 Safari/604.1';
const CHROMIUM =
  'Mozilla/5.0 (X11; Ubuntu; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Ubuntu Chromium/80.0.3987.87 Chrome/80.0.3987.87 Safari/537.36';
const WEB_VIEW =
  'Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/AP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/124.0.6367.179 Mobile Safari/537.36';
const TOUCH =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1 OPT/4.6.0';
const LINKEDIN =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 16_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [LinkedInApp]/9.24.8584';

const navigators = [
  undefined,
  { userAgent: SAFARI, language: 'de-DE', languages: ['de-DE', 'en'] },
  { userAgent: CHROMIUM, language: 'en-US', languages: [] },
  { userAgent: WEB_VIEW, language: 'fr' },
  { userAgent: TOUCH, languages: ['nl'] },
  { userAgent: LINKEDIN },
  { userAgent: '' },
  {},
];
const urls = [
  'https://example.com',
  'https://example.com/',
  'https://example.com/a/?',
  'https://example.com/?a=1&b=&c',
  'https://example.com/?a=1&a=2&b=x,y&b=z&c=,',
  'https://example.com/?q=%E0%A4%A&r=%ZZ&s=100%&t=%F0%9F%98%80+x#h?u=1',
  'https://example.com/?=1&&&a[]=1&a[]=2&1=b&0=a',
  'about:blank',
  'blob:https://example.com/1d1f8a1e',
  'no address',
];
const pages = [
  undefined,
  { referrer: '', cookie: '' },
  { referrer: 'https://search.example/', cookie: 'a=1' },
  { referrer: 'https://search.example//', cookie: 'a=1; b=; c; =d; a=2; e=%3D; __proto__=f' },
];
const records = {
  'nothing stored': {},
  'a visitor known': { [RECORD]: '{"landing_url":"https://example.com/first","first_seen":"1.5"}' },
  'something else stored': { [RECORD]: '{"other":[1]}' },
  'an empty record': { [RECORD]: '' },
  'half a record': { [RECORD]: '{"landing_url":' },
  'no record': { [RECORD]: 'null' },
  'a number for a record': { [RECORD]: '12' },
};

function storage(texts, fault = {}) {
  const kept = new Map(Object.entries(texts));
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, text) => void kept.set(key, `${text}`),
    kept,
    ...fault,
  };
}

function fail() {
  throw new DOMException('blocked', 'SecurityError');
}

const working = (texts = {}) => ({ localStorage: storage(texts), sessionStorage: storage(texts) });
const blocked = { localStorage: fail, sessionStorage: fail };
const GLOBALS = ['document', 'location', 'navigator', 'localStorage', 'sessionStorage'];
const before = GLOBALS.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]);

/** Puts these globals in place; a function stands for a getter. What is missing is missing. */
function become(globals) {
  for (const name of GLOBALS) {
    const value = globals[name];
    Object.defineProperty(globalThis, name, {
      configurable: true,
      ...(typeof value === 'function' ? { get: value } : { value, writable: true }),
    });
    if (value === undefined) delete globalThis[name];
  }
}

afterEach(() => {
  become({});
  for (const [name, descriptor] of before)
    if (descriptor) Object.defineProperty(globalThis, name, descriptor);
  mock.restoreAll();
});

const keptIn = ({ localStorage, sessionStorage }) =>
  [localStorage, sessionStorage].map((store) => store?.kept && [...store.kept]);

/**
 * What this provider answers on a page of its own, at each step of its life, and what it leaves in storage.
 */
function live(Provider, page, { own, persists, steps = [() => {}] } = {}) {
  mock.method(Date, 'now', () => NOW);
  const globals = page();
  become(globals);
  const provider = new Provider(own, KEY, persists);
  const users = steps.map((step) => {
    step(globals);
    return provider.getUser();
  });
  return { users, kept: keptIn(globals) };
}

function assertSame(page, life) {
  const wanted = live(Reference, page, life);
  assert.deepEqual(live(DefaultUserProvider, page, life), wanted);
  return wanted.users;
}

test("on every page the user is the reference's, and so are the records", () => {
  let compared = 0;
  for (const navigator of navigators) {
    for (const href of urls) {
      for (const document of pages) {
        for (const texts of Object.values(records)) {
          assertSame(() => ({ navigator, location: { href }, document, ...working(texts) }));
          compared += 1;
        }
      }
    }
  }
  assert.equal(compared, 2240);
});

test('a visitor of a real page has every field', () => {
  const page = () => ({
    navigator: navigators[1],
    location: { href: urls[4] },
    document: pages[2],
    ...working(),
  });
  const [user] = assertSame(page);
  assert.deepEqual(user, {
    language: 'de-DE',
    platform: 'Web',
    os: 'Mobile Safari 26',
    device_model: 'iOS',
    device_category: 'mobile',
    referring_url: 'https://search.example',
    cookie: { a: '1' },
    browser: 'Safari',
    landing_url: urls[4],
    first_seen: '1764028800.123',
    url_param: { a: ['1', '2'], b: ['x', 'y', 'z'], c: ['', ''] },
    user_agent: SAFARI,
  });
});

test("outside of a page the user is the reference's", () => {
  const [user] = assertSame(() => ({}));
  assert.equal(user.language, '');
  assert.equal(user.device_category, 'desktop');
  assertSame(() => ({ navigator: { userAgent: 'Node.js/22', language: 'en-US', languages: ['en-US'] } }));
  assertSame(() => ({ navigator: navigators[1], location: { href: 'https://example.com/worker.js?a=1' } }));
});

test("where storage is blocked, full or missing the user is the reference's", () => {
  const page = { navigator: navigators[1], location: { href: urls[3] }, document: pages[2] };
  const faults = [
    blocked,
    {},
    ...['getItem', 'setItem'].map((name) => ({
      localStorage: storage({}, { [name]: fail }),
      sessionStorage: storage({}, { [name]: fail }),
    })),
  ];
  for (const fault of faults) assertSame(() => ({ ...page, ...fault }));
});

const go = (href) => (globals) => void (globals.location.href = href);

test('the landing page stays over a visit, and over reloads', () => {
  const shared = working();
  const page = () => ({
    navigator: navigators[1],
    location: { href: urls[3] },
    document: pages[2],
    ...shared,
  });
  const steps = [
    () => {},
    go('https://example.com/next/?b=2'),
    (globals) => void (globals.document = undefined),
  ];
  const { users } = live(DefaultUserProvider, page, { steps });
  assert.deepEqual(
    users.map((user) => [user.landing_url, user.url_param]),
    [
      [urls[3], { a: '1', b: '', c: '' }],
      [urls[3], { b: '2' }],
      [urls[3], { b: '2' }],
    ],
  );
  const later = () => ({ ...page(), location: { href: 'https://example.com/later' } });
  assert.equal(live(Reference, later).users[0].landing_url, urls[3]);
  assert.equal(live(DefaultUserProvider, later).users[0].landing_url, urls[3]);
  assertSame(() => ({ ...page(), ...working() }), { steps });
});

test('without consent nothing is read or written, and the first address is kept for when there is', () => {
  for (const texts of Object.values(records)) {
    for (const allowed of [
      [false, false, true, true],
      [false, true, false],
      [true, false, true],
    ]) {
      let at = -1;
      const steps = allowed.map((_, step) => (globals) => {
        at = step;
        globals.location.href = `https://example.com/${step}`;
      });
      const page = () => ({
        navigator: navigators[1],
        location: { href: 'https://example.com/' },
        document: pages[3],
        ...working(texts),
      });
      assertSame(page, { steps, persists: () => allowed[at] });
    }
  }
  const untouchable = () => ({
    location: { href: urls[1] },
    document: {
      referrer: '',
      get cookie() {
        return assert.fail('read');
      },
    },
    localStorage: () => assert.fail('read'),
    sessionStorage: () => assert.fail('read'),
  });
  assertSame(untouchable, { persists: () => false });
});

test("the page's own fields win", () => {
  const page = () => ({
    navigator: navigators[1],
    location: { href: urls[3] },
    document: pages[2],
    ...working(),
  });
  for (const user of [
    { user_id: 'u', language: 'eo' },
    { cookie: undefined, os: null },
    {},
    null,
    undefined,
  ]) {
    assertSame(page, { own: { getUser: () => user } });
  }
});

test('nothing makes it throw, and what can be known is', () => {
  const page = { navigator: navigators[1], location: { href: urls[1] }, document: pages[2], ...working() };
  const broken = { getUser: fail };
  assert.throws(() => live(Reference, () => page, { own: broken }));
  assert.equal(live(DefaultUserProvider, () => page, { own: broken }).users[0].cookie.a, '1');
  const hidden = {
    own: {
      getUser: () => ({
        user_id: 'u',
        get language() {
          return fail();
        },
      }),
    },
  };
  assert.equal(live(DefaultUserProvider, () => page, hidden).users[0].language, 'de-DE');
  assert.equal(live(DefaultUserProvider, () => page, { persists: fail }).users[0].cookie, undefined);
  for (const name of ['document', 'location', 'navigator']) {
    const [user] = live(DefaultUserProvider, () => ({ ...page, [name]: fail })).users;
    assert.deepEqual([user.platform, user.first_seen], ['Web', '1764028800.123'], name);
  }
  assert.equal(
    live(DefaultUserProvider, () => ({ ...page, document: { cookie: 'a=1' } })).users[0].cookie.a,
    '1',
  );
  assert.equal(
    live(DefaultUserProvider, () => ({
      ...page,
      document: {
        referrer: '',
        get cookie() {
          return fail();
        },
      },
    })).users[0].referring_url,
    '',
  );
});

test('a cookie keeps a value with its own =, which the reference cuts', () => {
  const page = () => ({
    document: { referrer: '', cookie: 'session=eyJhIjoxfQ==; signed=a=b=c; a=1' },
    ...working(),
  });
  assert.deepEqual(live(DefaultUserProvider, page).users[0].cookie, {
    session: 'eyJhIjoxfQ==',
    signed: 'a=b=c',
    a: '1',
  });
  assert.deepEqual(live(Reference, page).users[0].cookie, { session: 'eyJhIjoxfQ', signed: 'a', a: '1' });
});

test("a query parameter with the name of an object's property is one like any other, where the reference knows none then", () => {
  const page = () => ({
    location: { href: 'https://example.com/?a=1&constructor=2&__proto__=3' },
    ...working(),
  });
  const { url_param } = live(DefaultUserProvider, page).users[0];
  assert.deepEqual(Object.entries(url_param), [
    ['a', '1'],
    ['constructor', '2'],
    ['__proto__', '3'],
  ]);
  assert.equal(live(Reference, page).users[0].url_param, undefined);
});

test('a page that clears its storage keeps what it knew, where the reference starts anew', () => {
  const page = () => ({ location: { href: urls[1] }, ...working(records['a visitor known']) });
  const steps = [
    () => {},
    ({ localStorage, sessionStorage }) => [localStorage, sessionStorage].forEach(({ kept }) => kept.clear()),
  ];
  const known = (Provider) => live(Provider, page, { steps }).users.map((user) => user.first_seen);
  assert.deepEqual(known(DefaultUserProvider), ['1.5', '1.5']);
  assert.deepEqual(known(Reference), ['1.5', '1764028800.123']);
});

test('the user agent is read once, and nothing is touched before the first user', async () => {
  const touched = [];
  const touch = (name, value) => () => (touched.push(name), value);
  const navigator = {
    get userAgent() {
      return (touched.push('userAgent'), SAFARI);
    },
    languages: ['en'],
  };
  become({
    navigator: touch('navigator', navigator),
    ...Object.fromEntries(GLOBALS.filter((name) => name !== 'navigator').map((name) => [name, touch(name)])),
  });
  const fresh = await source('browser/default-user-provider.ts');
  const provider = new fresh.DefaultUserProvider(undefined, KEY);
  assert.deepEqual(touched, []);
  provider.getUser();
  provider.getUser();
  assert.equal(touched.filter((name) => name === 'userAgent').length, 1);
});
