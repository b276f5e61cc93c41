// Flags that are evaluated on the page: what with, and what they answer.

import { flag, where } from '../flag.mjs';
import { INTENDED } from '../intended-differences.mjs';
import { script } from '../script.mjs';

/** Every flag's answer, with and without a fallback. */
const ask = ({ client, provider, given: { keys, config = {}, user } }) => {
  const page = client({ ...config, exposureTrackingProvider: provider() });
  page.setUser(user ?? { user_id: 'u' });
  return keys.map((key) => [page.variant(key), page.variant(key, 'inline')]).concat([page.all()]);
};

export default [
  script(
    'a flag speaks of the user, the page and groups',
    {
      given: {
        keys: ['user', 'property', 'page', 'group', 'groupProperty', 'provided', 'unset'],
        user: {
          user_id: 'u',
          country: 'DE',
          user_properties: { plan: 'pro', n: 3, list: ['a', 'b'] },
          groups: { org: ['acme'] },
          group_properties: { org: { acme: { tier: 'gold' } } },
        },
        config: {
          initialFlags: JSON.stringify([
            flag('user', { conditions: where(['user', 'country'], 'DE') }),
            flag('property', { conditions: where(['user', 'user_properties', 'n'], '3') }),
            flag('page', { conditions: where(['page', 'url'], ['/shop?plan'], 'contains') }),
            flag('group', { conditions: where(['groups', 'org', 'group_name'], 'acme') }),
            flag('groupProperty', {
              conditions: where(['groups', 'org', 'group_properties', 'tier'], 'gold'),
            }),
            flag('provided', { conditions: where(['user', 'platform'], 'Web') }),
            flag('unset', { conditions: where(['user', 'nothing'], '(none)') }),
          ]),
        },
      },
    },
    [{ url: '/shop?plan=pro', play: ask }],
  ),

  script(
    'a change of the user or of the address shows in the next run',
    {
      given: JSON.stringify([
        flag('plan', { conditions: where(['user', 'user_properties', 'plan'], 'pro') }),
        flag('page', { conditions: where(['page', 'url'], ['/next'], 'contains') }),
      ]),
    },
    async ({ client, provider, next, given }) => {
      const page = client({ initialFlags: given, exposureTrackingProvider: provider() });
      const answers = () => [page.variant('plan').key, page.variant('page').key];
      page.setUser({ user_id: 'u' });
      const seen = [answers()];
      page.setUser({ user_id: 'u', user_properties: { plan: 'pro' } });
      seen.push(answers());
      await next();
      history.pushState(null, '', '/next');
      seen.push(answers());
      await next();
      history.pushState(null, '', '/');
      seen.push(answers());
      return seen;
    },
  ),

  script(
    'a change that nobody announces shows in the next run only',
    {
      given: JSON.stringify([
        flag('page', { conditions: where(['page', 'url'], ['/next'], 'contains') }),
        flag('plan', { conditions: where(['user', 'user_properties', 'plan'], 'pro') }),
      ]),
      differs: [
        {
          what: 'returned',
          at: [0, 1],
          reference: ['on', 'on'],
          ours: ['off', 'off'],
          why: INTENDED.sameRun,
        },
      ],
    },
    async ({ client, next, given }) => {
      let plan = 'free';
      const page = client({
        initialFlags: given,
        automaticExposureTracking: false,
        userProvider: { getUser: () => ({ user_properties: { plan } }) },
      });
      const answers = () => [page.variant('page').key, page.variant('plan').key];
      const seen = [answers()];
      plan = 'pro';
      history.pushState(null, '', '/next');
      seen.push(answers());
      await next();
      seen.push(answers());
      return seen;
    },
  ),

  script(
    'flags depend on flags',
    {
      given: {
        keys: ['child', 'orphan'],
        config: {
          initialFlags: JSON.stringify([
            flag('child', {
              dependencies: ['parent'],
              conditions: [[{ selector: ['result', 'parent', 'key'], op: 'is', values: ['two'] }]],
            }),
            flag('parent', { variant: 'two', evaluationMode: 'remote' }),
            flag('orphan', { dependencies: ['nowhere'] }),
          ]),
        },
      },
    },
    ask,
  ),

  script(
    'a flag for the server, met without a fallback and then with one',
    { given: JSON.stringify([flag('remote', { evaluationMode: 'remote' })]) },
    ({ client, provider, given }) => {
      const page = client({ initialFlags: given, exposureTrackingProvider: provider() });
      page.setUser({ user_id: 'u' });
      return [page.variant('remote').key, page.variant('remote', 'inline').key, page.variant('remote').key];
    },
  ),

  script(
    'users fall into buckets by their ids',
    {
      given: JSON.stringify([
        {
          key: 'split',
          variants: { a: { key: 'a' }, b: { key: 'b' } },
          segments: [
            {
              bucket: {
                selector: ['context', 'user', 'user_id'],
                salt: 'salt',
                allocations: [
                  {
                    range: [0, 80],
                    distributions: [
                      { variant: 'a', range: [0, 21474837] },
                      { variant: 'b', range: [21474837, 42949673] },
                    ],
                  },
                ],
              },
            },
          ],
          metadata: { evaluationMode: 'local' },
        },
      ]),
    },
    ({ client, given }) => {
      const page = client({ initialFlags: given, automaticExposureTracking: false });
      return Array.from({ length: 60 }, (_, place) => {
        page.setUser({ user_id: `user ${place}` });
        return page.variant('split', 'none').key;
      });
    },
  ),

  script(
    'a user provider is asked for local evaluation too, and properties are merged',
    {
      given: JSON.stringify([
        flag('both', {
          conditions: [
            [
              ...where(['user', 'user_properties', 'a'], '1')[0],
              ...where(['user', 'user_properties', 'b'], '2')[0],
            ],
          ],
        }),
      ]),
    },
    ({ client, given }) => {
      const page = client({
        initialFlags: given,
        userProvider: { getUser: () => ({ user_id: 'p', user_properties: { a: 1, b: 1 } }) },
      });
      const before = page.variant('both').key;
      page.setUser({ user_properties: { b: 2 } });
      return [before, page.variant('both').key];
    },
  ),

  script(
    'traces say how flags were evaluated',
    {
      given: JSON.stringify([
        flag('a', { conditions: where(['user', 'country'], 'DE') }),
        flag('b', {
          dependencies: ['a'],
          conditions: [[{ selector: ['result', 'a', 'key'], op: 'is', values: ['on'] }]],
        }),
        flag('remote', { evaluationMode: 'remote' }),
      ]),
    },
    ({ client, provider, given }) => {
      const page = client({ initialFlags: given, exposureTrackingProvider: provider() });
      page.setUser({ user_id: 'u', country: 'FR' });
      const all = page.getEvaluationTraces();
      page.setUser({ user_id: 'u', country: 'DE' });
      return [
        all,
        page.getEvaluationTraces(),
        page.getEvaluationTraces(['b']),
        page.getEvaluationTraces(['unknown']),
        page.getEvaluationTraces([]),
      ];
    },
  ),

  script(
    'a broken pattern harms only its flag',
    {
      given: {
        keys: ['bad', 'good'],
        config: {
          initialFlags: JSON.stringify([
            flag('bad', { conditions: where(['user', 'user_id'], ['('], 'regex match') }),
            flag('good'),
          ]),
        },
      },
      differs: [
        {
          what: 'returned',
          as: ([{ answers }]) => answers,
          reference: ['(thrown SyntaxError)', 'on', '(thrown SyntaxError)'],
          ours: ['inline', 'on', ['bad', 'good']],
          why: INTENDED.badFlag,
        },
        {
          what: 'tracked',
          as: (tracked) => tracked.map(({ exposure }) => [exposure.flag_key, exposure.variant]),
          reference: [['good', 'on']],
          ours: [
            ['bad', undefined],
            ['good', 'on'],
          ],
          why: INTENDED.badFlag,
        },
      ],
    },
    ({ client, provider, attempt, given: { config } }) => {
      const page = client({ ...config, exposureTrackingProvider: provider() });
      page.setUser({ user_id: 'u' });
      return {
        answers: [
          attempt(() => page.variant('bad', 'inline').key),
          attempt(() => page.variant('good', 'inline').key),
          attempt(() => Object.keys(page.all())),
        ],
      };
    },
  ),

  script(
    'flags that depend on each other harm only themselves',
    {
      given: JSON.stringify([
        flag('one', { dependencies: ['two'] }),
        flag('two', { dependencies: ['one'] }),
        flag('good'),
      ]),
      differs: [
        {
          what: 'returned',
          at: [0],
          reference: ['(thrown Error)', 'on', '(thrown Error)'],
          ours: ['inline', 'on', ['good']],
          why: INTENDED.badFlag,
        },
      ],
    },
    ({ client, provider, attempt, given }) => {
      const page = client({ initialFlags: given, exposureTrackingProvider: provider() });
      page.setUser({ user_id: 'u' });
      return [
        attempt(() => page.variant('one', 'inline').key),
        attempt(() => page.variant('good', 'inline').key),
        attempt(() => Object.keys(page.all())),
      ];
    },
  ),
];
