// Which variant is answered: the sources, the fallbacks and their order.
import { STORE, script } from '../script.mjs';

/** Every combination, each with a client and a flag of its own, so that one page asks them all. */
const matrix = ({ client, provider, given: { source, mode } }) => {
  const stored = {
    none: undefined,
    real: { key: 'stored', value: 'stored', payload: { a: 1 }, metadata: { experimentKey: 'exp' } },
    default: { key: 'off', metadata: { default: true } },
    empty: {},
  };
  const inline = {
    none: undefined,
    text: 'inline',
    variant: { value: 'inline', payload: [1] },
    empty: {},
    nothing: '',
  };
  const initial = {
    none: undefined,
    text: 'initial',
    variant: { key: 'initial', payload: 0 },
    default: { key: 'off', value: 'off', metadata: { default: true } },
  };
  const config = { none: undefined, variant: { key: 'config', value: 'config' }, empty: {} };
  const answered = {};
  const flag = (key, kind) => ({
    key,
    variants: {
      on: { key: 'on', value: 'on', payload: 'p' },
      off: { key: 'off', metadata: { default: true } },
    },
    segments: kind === 'none' ? [] : [{ variant: kind === 'real' ? 'on' : 'off' }],
    metadata: { evaluationMode: mode },
  });
  for (const [first, variant] of Object.entries(stored)) {
    for (const second of Object.keys(inline)) {
      for (const third of Object.keys(initial)) {
        for (const fourth of Object.keys(config)) {
          const key = [first, second, third, fourth].join(' ');
          if (variant && !mode)
            localStorage.setItem(`amp-exp-${key}-abcdef`, JSON.stringify({ [key]: variant }));
          const page = client({
            instanceName: key,
            source,
            initialVariants: initial[third] === undefined ? undefined : { [key]: initial[third] },
            fallbackVariant: config[fourth],
            initialFlags: mode && first !== 'empty' ? JSON.stringify([flag(key, first)]) : undefined,
            exposureTrackingProvider: provider(),
          });
          answered[key] = page.variant(key, inline[second]);
        }
      }
    }
  }
  localStorage.clear();
  return answered;
};

export default [
  script(
    'stored variants come first, then the fallbacks in their order',
    { given: { source: 'localStorage' } },
    matrix,
  ),
  script(
    'bootstrapped variants come first where they are the source',
    { given: { source: 'initialVariants' } },
    matrix,
  ),
  script('a flag for the page is evaluated before any fallback', { given: { mode: 'local' } }, matrix),
  script(
    'a flag for the page is evaluated, whatever the source',
    { given: { mode: 'local', source: 'initialVariants' } },
    matrix,
  ),
  script(
    'a flag for the server is evaluated where nothing else is known',
    { given: { mode: 'remote' } },
    matrix,
  ),

  script(
    'a stored variant wins over a flag for the server, not over one for the page',
    { local: { [STORE]: { remote: { key: 'stored' }, local: { key: 'stored' } } } },
    ({ client, provider }) => {
      const flag = (key, evaluationMode) => ({
        key,
        variants: { on: { key: 'on', value: 'on' } },
        segments: [{ variant: 'on' }],
        metadata: { evaluationMode },
      });
      const page = client({
        initialFlags: JSON.stringify([flag('remote', 'remote'), flag('local', 'local')]),
        exposureTrackingProvider: provider(),
      });
      return [page.variant('remote'), page.variant('local'), page.variant('remote', 'inline'), page.all()];
    },
  ),

  script('nothing known and no fallback is an empty variant', ({ client }) => {
    const page = client();
    return [page.variant('flag'), page.variant('flag', undefined), page.variant('flag', null), page.all()];
  }),

  script(
    'all merges its sources, and keeps their order',
    { local: { [STORE]: { b: 'stored', c: 'stored' } } },
    ({ client }) => {
      const initialVariants = { a: 'initial', b: 'initial' };
      const flag = (key, evaluationMode) => ({
        key,
        variants: { on: { key: 'on', value: 'on' } },
        segments: [{ variant: 'on' }],
        metadata: { evaluationMode },
      });
      const initialFlags = JSON.stringify([flag('c', 'local'), flag('d', 'local'), flag('e', 'remote')]);
      return ['localStorage', 'initialVariants'].map((source) => {
        localStorage.setItem(
          `amp-exp-${source}-abcdef`,
          localStorage.getItem('amp-exp-$default_instance-abcdef'),
        );
        const all = client({ instanceName: source, source, initialVariants, initialFlags }).all();
        return [all, Object.keys(all)];
      });
    },
  ),

  script(
    'changing what all answers changes nothing',
    { local: { [STORE]: { a: 'stored' } } },
    ({ client }) => {
      const page = client({ initialVariants: { b: 'initial' } });
      const all = page.all();
      delete all.a;
      all.b = 'mine';
      return [page.all(), page.variant('a'), page.variant('b')];
    },
  ),

  script('bootstrapped variants are read in every stored format', ({ client, provider }) => {
    const initialVariants = {
      text: 'on',
      value: { value: 'on' },
      key: { key: 'on' },
      both: { key: 'on', value: 'treatment', payload: { a: [1, null] } },
      expKey: { key: 'on', expKey: 'exp-1' },
      metadata: { key: 'on', metadata: { experimentKey: 'exp-2', segmentName: 'All' } },
      twoKeys: { key: 'on', expKey: 'exp-1', metadata: { experimentKey: 'exp-2' } },
      falsy: { key: '', value: 0, payload: 0, metadata: null },
      more: { key: 'on', another: 'field' },
      empty: {},
    };
    const page = client({ source: 'initialVariants', initialVariants, exposureTrackingProvider: provider() });
    return Object.keys(initialVariants).map((key) => page.variant(key));
  }),

  script(
    'with bootstrapped variants as the source, what was fetched fills the gaps',
    { answers: { vardata: { a: { key: 'fetched' }, b: { key: 'fetched' } } } },
    async ({ client, provider }) => {
      const page = client({
        source: 'initialVariants',
        initialVariants: { a: 'initial', c: 'initial' },
        exposureTrackingProvider: provider(),
      });
      await page.fetch({ user_id: 'u' });
      return [
        page.variant('a'),
        page.variant('b'),
        page.variant('c'),
        page.variant('d', 'inline'),
        page.all(),
      ];
    },
  ),

  script('bootstrapped variants belong to nobody in particular', ({ client, provider }) => {
    const page = client({
      source: 'initialVariants',
      initialVariants: { a: 'initial' },
      exposureTrackingProvider: provider(),
    });
    return ['u', 'w', undefined].map((user_id) => {
      page.setUser({ user_id });
      return page.variant('a');
    });
  }),

  script('a configured fallback may be text', ({ client }) => [
    client({ fallbackVariant: 'config' }).variant('flag'),
    client({ instanceName: 'b', fallbackVariant: '' }).variant('flag'),
  ]),

  script(
    'options that are null or missing have their defaults',
    { answers: { vardata: { a: { key: 'on' } } } },
    async ({ client, provider }) => {
      const options = [
        'source',
        'initialVariants',
        'fallbackVariant',
        'fetchTimeoutMillis',
        'automaticExposureTracking',
        'instanceName',
        'serverZone',
        'throwOnError',
        'logLevel',
        'httpClient',
      ];
      const page = client({
        ...Object.fromEntries(options.map((name, place) => [name, place % 2 ? null : undefined])),
        exposureTrackingProvider: provider(),
      });
      await page.fetch({ user_id: 'u' });
      return [page.variant('a'), page.variant('b'), page.all()];
    },
  ),

  script(
    'an answer is the same object while nothing changes',
    { answers: { vardata: { a: { key: 'on' } } } },
    async ({ client, next }) => {
      const page = client();
      await page.fetch({ user_id: 'u' });
      const first = page.variant('a');
      const fallback = { key: 'inline', payload: {} };
      await next();
      return [
        page.variant('a') === first,
        page.variant('b', fallback) === fallback,
        page.variant('b', fallback).payload === fallback.payload,
      ];
    },
  ),
];
