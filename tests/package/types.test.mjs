// What an editor sees: the declarations compile for consumers of each kind, with compilers old and new, and
// say no where they should.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { entries } from '../../pkg/entries.mjs';
import { scratch } from './scratch.mjs';

const execute = promisify(execFile);
const require = createRequire(import.meta.url);

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
import { SegmentExposureTrackingProvider } from 'experiment-wasm/providers/segment';

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
const segment: ExposureTrackingProvider = new SegmentExposureTrackingProvider({ track: (name: string, properties: object) => console.log(name, properties) });
const loaded: Promise<void> = load(new URL('https://example.com/core.wasm'));
const code: 'TIMEOUT' | string = new ExperimentError('TIMEOUT', 'late').code;
const { variants, traces } = evaluate('[]', user, ['flag']);
const provider: AssignmentTrackingProvider = { track: async (event) => console.log(event.insert_id, event.event_properties['[Experiment] flag.variant']) };
const local = new LocalEvaluationClient('key', { logLevel: LogLevel.Warn, assignmentTrackingProvider: provider, bootstrap: [] });
const delivered: AssignmentTrackingProvider = new HttpAssignmentTrackingProvider({ apiKey: 'key', serverUrl: 'https://example.com/2/httpapi' });
const value: string | undefined = local.evaluateV2(user, ['flag']).flag?.value;
const ready: Promise<void> = local.start();
loadSync(new Uint8Array());
console.log(same, source, variant.payload, all, fetched, started, http, segment, loaded, code, variants.flag?.key, traces?.flag?.steps, value, ready, delivered);

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

async function compiles(typescript, files, options) {
  await Promise.all(files.map((name) => app.write(name, USE)));
  const compilerOptions = {
    strict: true,
    skipDefaultLibCheck: true,
    noEmit: true,
    target: 'es2020',
    lib: ['es2020', 'dom'],
    types: [],
    exactOptionalPropertyTypes: true,
    ...options,
  };
  const project = `${typescript}-${options.moduleResolution}.json`;
  await app.write(project, JSON.stringify({ compilerOptions, files }));
  await execute(process.execPath, [require.resolve(`${typescript}/lib/tsc.js`), '-p', project], {
    cwd: app.dir,
  }).catch(({ stdout, stderr }) => assert.fail(stdout + stderr));
}

/**
 * Each compiler, and what it knows of: `node` before 6 does not read `exports`, `node16` came with 4.7 and
 * `bundler` with 5.0.
 */
const NODE = [[['node.ts'], { module: 'esnext', moduleResolution: 'node' }]];
const NODE16 = [[['node16.mts', 'node16.cts'], { module: 'node16', moduleResolution: 'node16' }]];
const BUNDLER = [[['bundler.ts'], { module: 'esnext', moduleResolution: 'bundler' }]];

for (const [typescript, kinds] of Object.entries({
  typescript45: NODE,
  typescript49: [...NODE, ...NODE16],
  typescript54: [...NODE, ...NODE16, ...BUNDLER],
  typescript59: [...NODE, ...NODE16, ...BUNDLER],
  typescript: [
    ...NODE16,
    ...BUNDLER,
    [['node.ts'], { module: 'esnext', moduleResolution: 'node10', ignoreDeprecations: '6.0' }],
  ],
})) {
  const { version } = JSON.parse(readFileSync(require.resolve(`${typescript}/package.json`), 'utf8'));
  for (const [files, options] of kinds) {
    test(`the types hold for ${files.join(' and ')} under moduleResolution ${options.moduleResolution} with TypeScript ${version}`, () =>
      compiles(typescript, files, options));
  }
}

test('attw finds nothing wrong with any entry, however it is resolved', async () => {
  const { entrypoints, problems } = await checkPackage(
    createPackageFromTarballData(readFileSync(app.tarball)),
  );
  const scripts = Object.keys(entrypoints).filter((entry) => !/\.(wasm|json)$/.test(entry));
  assert.deepEqual(scripts.sort(), entries.map(({ path }) => path).sort());
  assert.deepEqual(
    problems.filter(({ entrypoint }) => entrypoint !== './core.wasm'),
    [],
  );
});
