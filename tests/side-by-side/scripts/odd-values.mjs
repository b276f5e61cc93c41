// Keys and values that code forgets: names that every object inherits, text that is no Unicode, things that
// are no text.
import { INTENDED } from '../intended-differences.mjs';
import { STORE, script } from '../script.mjs';

const ODD = [
  ' ',
  'a.b',
  'größe',
  '🦊',
  '\ud83d',
  '\udc00x',
  '"quoted"',
  "it's",
  '\u0000',
  '\u2028',
  'x'.repeat(5000),
  '0',
  '-1',
  '[]',
  '{}',
  'null',
  'undefined',
  '%',
  '\\',
];

export default [
  script(
    'flag keys of many kinds are fetched, answered and exposed',
    {
      answers: {
        vardata: Object.fromEntries(
          ODD.map((key, place) => [
            key,
            { key: `v${place}`, value: key, payload: { [key]: key }, metadata: { experimentKey: key } },
          ]),
        ),
      },
      given: ODD,
    },
    async ({ client, provider, given }) => {
      const page = client({ exposureTrackingProvider: provider() });
      await page.fetch({ user_id: 'u' });
      return [
        given.map((key) => page.variant(key)),
        given.map((key) => page.variant(key) === page.variant(key)),
        Object.keys(page.all()),
      ];
    },
  ),

  script(
    'an empty flag key',
    { answers: { vardata: { '': { key: 'on', value: 'on' } } } },
    async ({ client, provider }) => {
      const page = client({ exposureTrackingProvider: provider() });
      await page.fetch({ user_id: 'u' });
      return [page.variant('', 'inline'), page.all()];
    },
  ),

  script(
    'flag keys of many kinds are evaluated on the page',
    {
      given: {
        keys: ODD,
        flags: JSON.stringify(
          ODD.map((key) => ({
            key,
            variants: { [key]: { key, value: key } },
            segments: [
              {
                conditions: [
                  [{ selector: ['context', 'user', 'user_properties', key], op: 'is', values: [key] }],
                ],
                variant: key,
              },
            ],
            metadata: { evaluationMode: 'local' },
          })),
        ),
      },
    },
    ({ client, provider, given: { keys, flags } }) => {
      const page = client({ initialFlags: flags, exposureTrackingProvider: provider() });
      page.setUser({ user_id: 'u', user_properties: Object.fromEntries(keys.map((key) => [key, key])) });
      return keys.map((key) => page.variant(key, 'inline'));
    },
  ),

  script(
    'flags nobody has, with names that every object inherits',
    {
      differs: [
        {
          what: 'returned',
          at: [0],
          reference: [
            '(function Object)',
            '(function toString)',
            '(function hasOwnProperty)',
            '(function valueOf)',
            {},
          ],
          ours: Array(5).fill({ key: 'inline', value: 'inline' }),
          why: INTENDED.inherited,
        },
        { what: 'tracked', as: (tracked) => tracked.length, reference: 5, ours: 0, why: INTENDED.inherited },
      ],
    },
    ({ client, provider, plain }) => {
      const page = client({ exposureTrackingProvider: provider() });
      page.setUser({ user_id: 'u' });
      return ['constructor', 'toString', 'hasOwnProperty', 'valueOf', '__proto__'].map((key) =>
        plain(page.variant(key, 'inline')),
      );
    },
  ),

  script(
    'flags with names that every object inherits are fetched and exposed once',
    {
      answers: {
        vardata: {
          constructor: { key: 'on', value: 'on' },
          ['__proto__']: { key: 'on', value: 'on' },
          plain: { key: 'on', value: 'on' },
        },
      },
      differs: [
        {
          what: 'returned',
          at: [0],
          reference: ['on', '(undefined)', 'on', ['constructor', 'plain', 'key', 'value']],
          ours: ['on', 'on', 'on', ['constructor', '__proto__', 'plain']],
          why: INTENDED.inherited,
        },
        {
          what: 'tracked',
          as: (tracked) => tracked.map(({ exposure }) => exposure.flag_key),
          reference: ['constructor', '__proto__', 'plain', '__proto__'],
          ours: ['constructor', '__proto__', 'plain'],
          why: INTENDED.inherited,
        },
        {
          what: 'stored',
          at: [0, 'local', STORE],
          as: (stored) => Object.keys(stored),
          reference: ['constructor', 'plain', 'key', 'value'],
          ours: ['constructor', '__proto__', 'plain'],
          why: INTENDED.inherited,
        },
      ],
    },
    async ({ client, provider }) => {
      const page = client({ exposureTrackingProvider: provider() });
      await page.fetch({ user_id: 'u' });
      const keys = ['constructor', '__proto__', 'plain'];
      const answers = keys.map((key) => page.variant(key).key);
      keys.forEach((key) => page.variant(key));
      return [...answers, Object.keys(page.all())];
    },
  ),

  script(
    'variants hold values of many kinds',
    {
      answers: {
        vardata: Object.fromEntries(
          [
            0,
            1,
            -0.5,
            1e21,
            1e-7,
            9007199254740993,
            true,
            false,
            '',
            'text',
            '\ud83d',
            [],
            [1, [2]],
            {},
            { a: { b: [null] } },
          ].map((payload, place) => [
            `flag ${place}`,
            { key: 'on', value: `${place}`, payload, metadata: { payload } },
          ]),
        ),
      },
    },
    async ({ client, provider }) => {
      const page = client({ exposureTrackingProvider: provider() });
      await page.fetch({ user_id: 'u' });
      return Array.from({ length: 15 }, (_, place) => page.variant(`flag ${place}`));
    },
  ),

  script(
    'a payload is deep',
    {
      answers: {
        vardata: {
          flag: { key: 'on', payload: Array.from({ length: 200 }).reduce((inner) => ({ inner }), 'deep') },
        },
      },
    },
    async ({ client }) => {
      const page = client();
      await page.fetch({ user_id: 'u' });
      return page.variant('flag');
    },
  ),

  script(
    'fallbacks of other kinds',
    {
      differs: {
        what: 'returned',
        at: [0],
        reference: [{}, 5, true, {}, [], ['a'], {}],
        ours: Array(7).fill({}),
        why: INTENDED.kinds,
      },
    },
    ({ client, attempt }) => {
      const page = client({ automaticExposureTracking: false });
      return [0, 5, true, false, [], ['a'], { key: undefined }].map((fallback) =>
        attempt(() => page.variant('flag', fallback)),
      );
    },
  ),

  script(
    'flag keys of other kinds',
    {
      local: {
        [STORE]: {
          undefined: 'undefined',
          null: 'null',
          5: 'five',
          true: 'true',
          '[object Object]': 'object',
        },
      },
      differs: {
        what: 'returned',
        at: [0],
        as: (variants) => variants.map(({ key }) => key),
        reference: ['undefined', 'null', 'five', 'true', 'object'],
        ours: Array(5).fill('inline'),
        why: INTENDED.kinds,
      },
    },
    ({ client, attempt }) => {
      const page = client({ automaticExposureTracking: false });
      return [undefined, null, 5, true, {}].map((key) => attempt(() => page.variant(key, 'inline')));
    },
  ),

  script(
    'many flags are stored and answered',
    {
      given: Array.from({ length: 2000 }, (_, place) => `flag ${place}`),
      answers: {
        vardata: Object.fromEntries(
          Array.from({ length: 2000 }, (_, place) => [
            `flag ${place}`,
            { key: `v${place % 7}`, value: 'x'.repeat(place % 50) },
          ]),
        ),
      },
    },
    async ({ client, given }) => {
      const page = client({ automaticExposureTracking: false });
      await page.fetch({ user_id: 'u' });
      return [Object.keys(page.all()).length, given.map((key) => page.variant(key).key).join('')];
    },
  ),
];
