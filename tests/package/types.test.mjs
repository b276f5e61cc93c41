// What an editor sees: the declarations compile for consumers of each kind, and say no where they should.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { scratch } from './scratch.mjs';

let app;
before(async () => (app = await scratch()));
after(() => app?.remove());

const USE = `
import { Experiment, ExperimentClient, ExperimentError, HttpExposureTrackingProvider, LogLevel, Source } from 'experiment-wasm';
import type { ExperimentConfig, ExperimentUser, ExposureTrackingProvider, Variant, Variants } from 'experiment-wasm';
import { load, loadSync } from 'experiment-wasm/slim';
import * as slim from 'experiment-wasm/slim';
import { evaluate, HttpAssignmentTrackingProvider, LocalEvaluationClient } from 'experiment-wasm/evaluate';
import type { AssignmentTrackingProvider } from 'experiment-wasm/evaluate';

const own: ExposureTrackingProvider = { track(exposure) { console.log(exposure.flag_key, exposure.metadata?.['x']); } };
const config: ExperimentConfig = { source: Source.InitialVariants, logLevel: LogLevel.Warn, exposureTrackingProvider: own };
const client: ExperimentClient = Experiment.initialize('key', config);
const same: slim.ExperimentClient = client;
const source: slim.Source = Source.LocalStorage;
const user: ExperimentUser = { user_id: 'u', user_properties: { plan: 'pro', seats: 3, tags: ['a'] }, groups: { org: ['x'] } };
const variant: Variant = client.variant('flag', { value: 'off' });
const all: Variants = client.all();
const fetched: Promise<ExperimentClient> = client.fetch(user, { flagKeys: ['flag'] });
const started: Promise<void> = client.start(user);
const http: ExposureTrackingProvider = new HttpExposureTrackingProvider({ apiKey: 'key', serverUrl: 'https://example.com/2/httpapi' });
const loaded: Promise<void> = load(new URL('https://example.com/core.wasm'));
const code: 'TIMEOUT' | string = new ExperimentError('TIMEOUT', 'late').code;
const { variants, traces } = evaluate('[]', user, ['flag']);
const told: AssignmentTrackingProvider = { track: async (event) => console.log(event.insert_id, event.event_properties['[Experiment] flag.variant']) };
const local = new LocalEvaluationClient('key', { logLevel: LogLevel.Warn, assignmentTrackingProvider: told, bootstrap: [] });
const delivered: AssignmentTrackingProvider = new HttpAssignmentTrackingProvider({ apiKey: 'key', serverUrl: 'https://example.com/2/httpapi' });
const value: string | undefined = local.evaluateV2(user, ['flag']).flag?.value;
const ready: Promise<void> = local.start();
loadSync(new Uint8Array());
console.log(same, source, variant.payload, all, fetched, started, http, loaded, code, variants.flag?.key, traces?.flag?.steps, value, ready, delivered);

// @ts-expect-error: a key is a text
client.variant(5);
// @ts-expect-error: a user has no such field
client.setUser({ id: 'u' });
// @ts-expect-error: the endpoint is missing
new HttpExposureTrackingProvider({ apiKey: 'key' });
// @ts-expect-error: a provider has a method track
new LocalEvaluationClient('key', { assignmentTrackingProvider: {} });
// @ts-expect-error: no such option
Experiment.initialize('key', { fetchTimeout: 1 });
`;

for (const [name, module, moduleResolution] of [
  ['bundler.ts', 'esnext', 'bundler'],
  ['node16.mts', 'node16', 'node16'],
  ['node16.cts', 'node16', 'node16'],
]) {
  test(`the types hold for ${name} under moduleResolution ${moduleResolution}`, async () => {
    await app.write(name, USE);
    const options = { module, moduleResolution, strict: true, noEmit: true, target: 'es2022', lib: ['es2022', 'dom'], types: [], exactOptionalPropertyTypes: true };
    await app.write('tsconfig.json', JSON.stringify({ compilerOptions: options, files: [name] }));
    await app.tool('tsc', '-p', '.').catch(({ stdout }) => assert.fail(stdout));
  });
}
