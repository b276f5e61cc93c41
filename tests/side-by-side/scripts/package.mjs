// What the package exports, and which client a page gets from it.
import { INTENDED } from '../intended-differences.mjs';
import { script } from '../script.mjs';

const ON = { key: 'on', value: 'on' };

export default [
  script(
    'one name and key is one client, with the options of the first call',
    { answers: { vardata: { flag: ON } } },
    ({ client, sdk }) => {
      const first = client({ fallbackVariant: 'first' });
      const again = client({ fallbackVariant: 'second' });
      const others = [
        client({ instanceName: 'other' }),
        client({ instanceName: 'Other' }),
        client({}, 'another-key'),
        sdk.initialize('key-0123456789-abcdef'),
        sdk.Experiment.initializeWithAmplitudeAnalytics('key-0123456789-abcdef'),
      ];
      return [
        again === first,
        again.variant('flag').key,
        others.map((page) => page === first),
        sdk.initialize === sdk.Experiment.initialize,
      ];
    },
  ),

  script('the page finds its clients by name', ({ client }) => {
    const page = client();
    client({ instanceName: 'other' });
    const instances = globalThis.experimentInstances;
    return [Object.keys(instances).sort(), instances['$default_instance.key-0123456789-abcdef'] === page];
  }),

  script(
    'a second copy of the bundle',
    {
      differs: {
        what: 'returned',
        at: [0],
        reference: [['other.key-0123456789-abcdef'], false],
        ours: [['$default_instance.key-0123456789-abcdef', 'other.key-0123456789-abcdef'], true],
        why: INTENDED.registry,
      },
    },
    async ({ client, code }) => {
      const page = client();
      const copy = await import(`/stage/${code}.js?copy=2`);
      copy.Experiment.initialize('key-0123456789-abcdef', { instanceName: 'other' });
      const names = Object.keys(globalThis.experimentInstances).sort();
      return [names, copy.Experiment.initialize('key-0123456789-abcdef') === page];
    },
  ),

  script('nothing happens when the package is imported', ({ sdk }) => [
    typeof sdk.Experiment,
    Object.keys(localStorage),
    Object.keys(sessionStorage),
  ]),

  script('everything that the package exports is there', ({ sdk }) => {
    const names = [
      'AmplitudeAnalyticsProvider',
      'AmplitudeIntegrationPlugin',
      'AmplitudeUserProvider',
      'ConsoleLogger',
      'Experiment',
      'ExperimentClient',
      'LogLevel',
      'MemoryStorage',
      'Source',
      'StubExperimentClient',
      'initialize',
      'initializeWithAmplitudeAnalytics',
    ];
    return names.map((name) => [name, typeof sdk[name]]);
  }),

  script('enumerations have the same members', ({ sdk }) => [{ ...sdk.LogLevel }, { ...sdk.Source }]),

  script('a client has the methods of the reference', ({ client, sdk }) => {
    const names = [
      'start',
      'stop',
      'fetch',
      'variant',
      'exposure',
      'all',
      'clear',
      'getUser',
      'setUser',
      'getUserProvider',
      'setUserProvider',
      'setTracksAssignment',
      'getEvaluationTraces',
      'addPlugin',
    ];
    const page = client();
    return [names.map((name) => [name, typeof page[name]]), page instanceof sdk.ExperimentClient];
  }),

  script('a stub does nothing, in every method', async ({ sdk }) => {
    const stub = new sdk.StubExperimentClient();
    return [
      await stub.start({ user_id: 'u' }),
      (await stub.fetch({ user_id: 'u' })) === stub,
      stub.variant('flag', 'inline'),
      stub.all(),
      stub.getUser(),
      stub.setUser({ user_id: 'u' }),
      stub.getUserProvider(),
      stub.setUserProvider({ getUser: () => ({}) }) === stub,
      stub.stop(),
      stub.clear(),
      stub.exposure('flag'),
    ];
  }),

  script('storage in memory holds what it is given', ({ sdk }) => {
    const storage = new sdk.MemoryStorage();
    const answers = [
      storage.get('a'),
      storage.put('a', '1'),
      storage.get('a'),
      storage.delete('a'),
      storage.get('a'),
    ];
    storage.put('__proto__', '2');
    return [...answers, storage.get('__proto__'), storage.get('constructor')];
  }),

  script('the console logger is the console', ({ sdk }) => {
    const heard = [];
    for (const level of ['error', 'warn', 'info', 'debug', 'log'])
      console[level] = (...said) => heard.push([level, ...said]);
    const logger = new sdk.ConsoleLogger();
    for (const level of ['error', 'warn', 'info', 'debug', 'verbose']) logger[level]('said', { level });
    return heard;
  }),
];
