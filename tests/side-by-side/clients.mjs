// The code of each client as a page gets it, by name: the reference and the analytics SDK bundled, ours as it
// was built, and clients with a fault.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const REFERENCE = '@amplitude/experiment-js-client';

/** The reference with one fault each, by what the fault shows in. */
const FAULTS = {
  returned:
    'const { variant } = ExperimentClient.prototype; ExperimentClient.prototype.variant = function (...given) { return { ...variant.apply(this, given), extra: 1 }; };',
  tracked:
    'const { variant } = ExperimentClient.prototype; ExperimentClient.prototype.variant = function (...given) { this.exposure("flag2"); return variant.apply(this, given); };',
  sent: 'const { fetch } = ExperimentClient.prototype; ExperimentClient.prototype.fetch = function (user) { return fetch.call(this, { ...user, extra: 1 }); };',
  stored: 'localStorage.setItem("extra", "1");',
};

/** What each fault's client is called. */
export const faulty = (what) => `faulty_${what}`;

export async function load() {
  const faults = Object.entries(FAULTS).map(async ([what, fault]) => [
    faulty(what),
    await bundle(`import { ExperimentClient } from '${REFERENCE}'; export * from '${REFERENCE}'; ${fault}`),
  ]);
  return {
    reference: await bundle(`export * from '${REFERENCE}';`),
    ours: readFileSync(new URL(import.meta.resolve('experiment-wasm'))),
    ...Object.fromEntries(await Promise.all(faults)),
    analytics: await bundle("export * from '@amplitude/analytics-browser';"),
  };
}

async function bundle(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: here },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    logLevel: 'silent',
  });
  return outputFiles[0].text;
}
