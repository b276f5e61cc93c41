// The code that is measured, as a page gets it, and what it weighs: ours as it was built, the reference
// bundled in the same way.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { KEY } from './clients.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const file = (path) => readFileSync(new URL(`../${path}`, import.meta.url));

export const CLIENT = '@amplitude/experiment-js-client';

/** The modules of both clients, of our core without the TypeScript client, and of the cases; each a text. */
export async function modules() {
  return {
    ours: file('pkg/dist/index.js').toString(),
    reference: await bundle(
      `export * from '${CLIENT}'; export { EvaluationEngine, topologicalSort } from '@amplitude/experiment-core';`,
    ),
    core: await bundle(
      "export * from '../target/wasm/client/experiment_wasm.js'; export { Host } from '../pkg/src/wasm/host.js';",
    ),
    suite: await bundle("export { run } from './suite.mjs'; export { endure } from './memory.mjs';"),
  };
}

/** The wasm. Its names are short, and others in each build: glue and module must be of one. */
export function coreWasm() {
  const [built, shipped] = [file('target/wasm/client/experiment_wasm_bg.wasm'), file('pkg/dist/core.wasm')];
  if (!built.equals(shipped))
    throw new Error('pkg/dist is of another build than target/wasm/client: make pkg');
  return shipped;
}

/**
 * A page's script that does nothing but start a client and ask it for the variant that the address names.
 * `started` says when the script began and when it had the variant.
 */
export async function starters() {
  const ask = (sdk, ready) => `
    import { Experiment${ready ? ', load' : ''} } from '${sdk}';
    const client = Experiment.initialize('${KEY}', { exposureTrackingProvider: { track() {} } });
    const ask = () => {
      const { key } = client.variant(location.hash.slice(1));
      globalThis.started = { key, top: globalThis.top_, end: performance.now() };
    };
    ${ready ? "load('/core.wasm').then(ask);" : 'ask();'}`;
  const script = (sdk, ready) =>
    bundle(ask(sdk, ready), { format: 'iife', banner: { js: 'globalThis.top_=performance.now();' } });
  return {
    ours: await script('experiment-wasm'),
    reference: await script(CLIENT),
    slim: await script('experiment-wasm/slim', true),
  };
}

async function bundle(contents, options = {}) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: here },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2021',
    legalComments: 'none',
    logLevel: 'warning',
    ...options,
  });
  return outputFiles[0].text;
}

/** What files weigh together, each compressed by itself, as servers do. */
export function weight(...files) {
  const sum = (size) => files.reduce((total, content) => total + size(Buffer.from(content)), 0);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
  return {
    raw: sum((bytes) => bytes.length),
    gzip: sum((bytes) => gzipSync(bytes, { level: 9 }).length),
    brotli: sum((bytes) => brotliCompressSync(bytes, { params }).length),
  };
}
