// Changing the import is all: what TypeScript accepts of the reference's names it accepts of ours.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/**
 * Pages that were written for the reference, as its documentation writes them. `FROM` stands for the package.
 */
const PAGE = `
import { Experiment, ExperimentClient, StubExperimentClient, MemoryStorage, ConsoleLogger, LogLevel, Source, initialize, initializeWithAmplitudeAnalytics,
  AmplitudeUserProvider, AmplitudeAnalyticsProvider, AmplitudeIntegrationPlugin } from 'FROM';
import type { Client, ExperimentAnalyticsEvent, ExperimentAnalyticsProvider, ExperimentConfig, ExperimentEvent, ExperimentPlugin, ExperimentPluginType, ExperimentUser,
  ExperimentUserProvider, Exposure, ExposureTrackingProvider, FetchOptions, FlagEvaluationTrace, EvaluationConditionResult, EvaluationSegmentResult, IntegrationPlugin, Logger,
  Variant, Variants } from 'FROM';

class Provider implements ExposureTrackingProvider { track(exposure: Exposure): void { send('$exposure', exposure); } }
class Who implements ExperimentUserProvider { getUser(): ExperimentUser { return { user_id: 'u', user_properties: { a: [1, 'b', true] } }; } }
class Quiet implements Logger { error() {} warn() {} info() {} debug() {} verbose() {} }
class Plugin implements IntegrationPlugin {
  type: 'integration' = 'integration';
  getUser(): ExperimentUser { return {}; }
  track(event: ExperimentEvent): boolean { send(event.eventType, event.eventProperties ?? {}); return true; }
  async setup(config?: ExperimentConfig, client?: Client): Promise<void> { await client?.fetch(); send(config?.instanceName ?? '', {}); }
}
class Old implements ExperimentAnalyticsProvider {
  track(event: ExperimentAnalyticsEvent): void { send(event.name, event.properties); }
  setUserProperty(event: ExperimentAnalyticsEvent): void { send(event.userProperty, event.userProperties ?? {}); }
}
declare function send(name: string, properties: object): void;
const everything: ExperimentConfig = {
  debug: true, logLevel: LogLevel.Verbose, loggerProvider: new Quiet(), instanceName: 'n', fallbackVariant: { value: 'off' }, initialVariants: { flag: { value: 'on', payload: [1] } },
  initialFlags: '[]', source: Source.InitialVariants, serverUrl: 'https://a', flagsServerUrl: 'https://b', serverZone: 'EU', fetchTimeoutMillis: 1, retryFetchOnFailure: false,
  throwOnError: true, automaticExposureTracking: false, pollOnStart: false, flagConfigPollingIntervalMillis: 60000, fetchOnStart: false,
  automaticFetchOnAmplitudeIdentityChange: true, userProvider: new Who(), analyticsProvider: new Old(), exposureTrackingProvider: new Provider(),
  httpClient: { request: async (url: string, method: string, headers: Record<string, string>, data: string, timeout?: number) => ({ status: 200, body: [url, method, headers, data, timeout].join() }) },
};
const clients: ExperimentClient[] = [Experiment.initialize('k'), Experiment.initializeWithAmplitudeAnalytics('k', everything), initialize('k', everything), initializeWithAmplitudeAnalytics('k'), new ExperimentClient('k', everything)];
const any: Client = clients[0] ?? new StubExperimentClient();
async function page(client: ExperimentClient, options: FetchOptions, plugin: ExperimentPlugin, type: ExperimentPluginType): Promise<Variants> {
  await client.start({ user_id: 'u', groups: { org: ['x'] }, group_properties: { org: { x: { plan: 'pro' } } }, device_category: 'mobile' });
  const same: ExperimentClient = await client.fetch({ device_id: 'd' }, options);
  const variant: Variant = same.variant('flag', 'off');
  same.variant('flag', { key: 'k', value: 'v', payload: { a: 1 }, expKey: 'e', metadata: { m: 1 } });
  same.exposure('flag');
  same.clear();
  same.stop();
  same.setUser({ ...same.getUser(), user_properties: { x: 1 } });
  const provider: ExperimentUserProvider = same.getUserProvider();
  const again: Client = same.setUserProvider(provider);
  await same.setTracksAssignment(false);
  same.addPlugin({ ...plugin, type });
  const traces: Record<string, FlagEvaluationTrace> = same.getEvaluationTraces(['flag']);
  const step: EvaluationSegmentResult | undefined = traces.flag?.steps[0];
  const condition: EvaluationConditionResult | undefined = step?.conditionResult?.[0]?.[0];
  const storage = new MemoryStorage();
  storage.put('k', storage.get('k') + variant.value + String(condition?.propValue));
  storage.delete('k');
  return again.all();
}
const amplitude = { options: { userId: 'u' }, logEvent(name: string, properties: Record<string, string>) { send(name, properties); }, setUserProperties(properties: Record<string, unknown>) { send('', properties); }, identify() {} };
new ConsoleLogger().error('x', 1);
export default [any, page, new Plugin(), new AmplitudeUserProvider(amplitude).getUser(), new AmplitudeAnalyticsProvider(amplitude), AmplitudeIntegrationPlugin];
`;

/**
 * Values typed by one package, used where the other's are wanted: ours in the place of theirs, theirs in the
 * place of ours.
 */
const TYPES = [
  'Client',
  'ExperimentAnalyticsEvent',
  'ExperimentAnalyticsProvider',
  'ExperimentEvent',
  'ExperimentPlugin',
  'ExperimentUser',
  'ExperimentUserProvider',
  'Exposure',
  'FetchOptions',
  'FlagEvaluationTrace',
  'IntegrationPlugin',
  'Logger',
  'Variant',
  'Variants',
];
const BOTH = `import type * as Theirs from '@amplitude/experiment-js-client';
import type * as Ours from 'experiment-wasm';
${TYPES.filter((name) => !/Plugin$/.test(name))
  .map((name) => `export const ours${name}: (given: Theirs.${name}) => Ours.${name} = (given) => given;`)
  .join('\n')}
${TYPES.filter((name) => !/Plugin$|^Client$/.test(name))
  .map((name) => `export const theirs${name}: (given: Ours.${name}) => Theirs.${name} = (given) => given;`)
  .join('\n')}
export const provider: (given: Theirs.ExposureTrackingProvider) => Ours.ExposureTrackingProvider = (given) => given;
export const config: (given: Omit<Theirs.ExperimentConfig, 'source' | 'logLevel'>) => Ours.ExperimentConfig = (given) => given;`;

/** What the compiler says of a text, as a file beside this one. */
function problems(text, options = {}) {
  const name = fileURLToPath(new URL('page.ts', import.meta.url));
  const compiler = {
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    ...options,
  };
  const host = ts.createCompilerHost(compiler);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => path === name || fileExists(path);
  host.getSourceFile = (path, ...rest) =>
    path === name ? ts.createSourceFile(path, text, ts.ScriptTarget.ES2022) : getSourceFile(path, ...rest);
  return ts
    .getPreEmitDiagnostics(ts.createProgram([name], compiler, host))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

for (const strict of [true, false]) {
  for (const from of ['@amplitude/experiment-js-client', 'experiment-wasm']) {
    test(`a page for the reference compiles with ${from}, strict ${strict}`, () =>
      assert.deepEqual(problems(PAGE.replaceAll('FROM', from), { strict }), []));
  }
}

test('a value of a type of theirs is one of ours, and the reverse', () =>
  assert.deepEqual(problems(BOTH), []));

test('a mistake in such a page would be noticed', () =>
  assert.equal(
    problems(PAGE.replaceAll('FROM', 'experiment-wasm').replace("serverZone: 'EU'", 'serverZone: 5')).length,
    1,
  ));
