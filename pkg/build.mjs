// Builds the npm package: pkg/dist from pkg/src and target/wasm. Prints what each file weighs.
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { platform } from './glue.mjs';
import { encode } from './payload.mjs';
import { declarations } from './types.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const src = `${here}src/`;
const dist = `${here}dist/`;
const wasm = process.env.WASM_DIR ?? `${here}../target/wasm/`;
const core = (name) => `${wasm}${name}/experiment_wasm`;

/** Each file: its source, the wasm in it, in which form, and the format of the script. */
const scripts = [
  ['index.js', 'index', 'client', 'inline', 'esm'],
  ['index.cjs', 'index', 'client', 'inline', 'cjs'],
  ['experiment.global.min.js', 'index', 'client', 'inline', 'iife'],
  ['index.workerd.js', 'index', 'client', './core.wasm', 'esm'],
  ['index.edge-light.js', 'index', 'client', './core.wasm?module', 'esm'],
  ['slim.js', 'slim', 'client', 'none', 'esm'],
  ['slim.cjs', 'slim', 'client', 'none', 'cjs'],
  ['evaluate.js', 'evaluate', 'evaluate', 'inline', 'esm'],
  ['evaluate.cjs', 'evaluate', 'evaluate', 'inline', 'cjs'],
  ['evaluate.workerd.js', 'evaluate', 'evaluate', './evaluate.wasm', 'esm'],
  ['evaluate.edge-light.js', 'evaluate', 'evaluate', './evaluate.wasm?module', 'esm'],
];

/** The wasm as text. */
const texts = Object.fromEntries(
  ['client', 'evaluate'].map((name) => [name, readFile(`${core(name)}_bg.wasm`).then(encode)]),
);

await rm(dist, { recursive: true, force: true });
await mkdir(dist);
await cp(`${core('client')}_bg.wasm`, `${dist}core.wasm`);
await cp(`${core('evaluate')}_bg.wasm`, `${dist}evaluate.wasm`);
await Promise.all(scripts.map(script));
await types();
await report();

/**
 * ES2021: every browser that runs the wasm (it needs reference types: Chrome 96, Firefox 79, Safari 15) reads
 * it.
 */
function script([file, entry, name, form, format]) {
  return build({
    entryPoints: [`${src}${entry}.ts`],
    outfile: `${dist}${file}`,
    bundle: true,
    minify: true,
    target: 'es2021',
    // Else esbuild finds none for what a plugin resolves, and defines fields under names that it does not
    // mangle.
    tsconfig: `${here}tsconfig.json`,
    format,
    // Node reads a CommonJS module's names from a comment that is written for this platform only.
    platform: format === 'cjs' ? 'node' : 'neutral',
    globalName: format === 'iife' ? 'Experiment' : undefined,
    // Names of our own that no app sees: camelCase and an underscore; and those of the glue. Names of the
    // wasm have more underscores.
    mangleProps: /^([a-z][A-Za-z]*_|__destroy_into_raw|__wbg_ptr|_wbg_cb_unref)$/,
    legalComments: 'none',
    plugins: [seams(name, form)],
    logLevel: 'warning',
  });
}

/**
 * Puts the generated glue and the wasm, in the form wanted, in the place of the names that
 * pkg/src/wasm/modules.d.ts declares.
 */
function seams(name, form) {
  const builtIn = form.startsWith('.') ? 'module' : form;
  return {
    name: 'seams',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^core:(client|evaluate)$/ }, () => ({ path: `${core(name)}.js` }));
      onResolve({ filter: /^\.\/platform\.js$/ }, () => ({ path: platform }));
      onResolve({ filter: /^core:built-in$/ }, () => ({
        path: `${src}wasm/built-in/${builtIn}.ts`,
        sideEffects: false,
      }));
      onResolve({ filter: /^core:module$/ }, () => ({ path: form, external: true }));
      onResolve({ filter: /^core:payload$/ }, ({ path }) => ({
        path,
        namespace: 'payload',
        sideEffects: false,
      }));
      onLoad({ filter: /./, namespace: 'payload' }, async () => ({
        contents: `export const text = ${JSON.stringify(await texts[name])};`,
      }));
    },
  };
}

/** Once for `import` and once for `require`. */
async function types() {
  for (const [entry, text] of Object.entries(declarations(here, ['index', 'slim', 'evaluate']))) {
    await writeFile(`${dist}${entry}.d.ts`, text);
    await writeFile(`${dist}${entry}.d.cts`, text.replaceAll("'./index.js'", "'./index.cjs'"));
  }
}

async function report() {
  const files = [...scripts.map(([file]) => file), 'core.wasm', 'evaluate.wasm'];
  const size = async (file) => {
    const bytes = await readFile(`${dist}${file}`);
    const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
    return { file, raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotli.length };
  };
  console.table(
    Object.fromEntries((await Promise.all(files.map(size))).map(({ file, ...sizes }) => [file, sizes])),
  );
}
