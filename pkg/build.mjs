// Builds the npm package: pkg/dist from pkg/src and target/wasm. Prints what each file weighs.
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { entries } from './entries.mjs';
import { platform } from './glue.mjs';
import { encode } from './payload.mjs';
import { declarations } from './types.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const src = `${here}src/`;
const dist = `${here}dist/`;
const wasm = process.env.WASM_DIR ?? `${here}../target/wasm/`;
const core = (name) => `${wasm}${name}/experiment_wasm`;

/**
 * The entries with wasm: which one, its file, and in which form `import` and `require` have it. All others,
 * the adapters, have none.
 */
const WASM = {
  index: { core: 'client', file: './core.wasm', form: 'inline' },
  slim: { core: 'client', file: './core.wasm', form: 'none' },
  evaluate: { core: 'evaluate', file: './evaluate.wasm', form: 'inline' },
};

/** Each script: its file, its source, its format, and the condition under which it is resolved. */
const scripts = [
  ...entries.flatMap(({ name, scripts }) =>
    Object.entries(scripts).map(([condition, file]) => ({
      file,
      name,
      condition,
      format: condition === 'require' ? 'cjs' : 'esm',
    })),
  ),
  { file: 'experiment.global.min.js', name: 'index', condition: 'import', format: 'iife' },
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
await Promise.all(entries.filter(({ path }) => path !== '.').map(folder));
await report();

/**
 * ES2021: every browser that runs the wasm (it needs reference types: Chrome 96, Firefox 79, Safari 15) reads
 * it.
 */
function script({ file, name, condition, format }) {
  return build({
    entryPoints: [`${src}${name}.ts`],
    outfile: `${dist}${file}`,
    bundle: true,
    // Of adapters: the app has it once, whichever entries it imports.
    external: ['experiment-wasm'],
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
    plugins: name in WASM ? [seams(WASM[name], condition)] : [],
    logLevel: 'warning',
  });
}

/**
 * Puts the generated glue and the wasm, in the form wanted, in the place of the names that
 * pkg/src/wasm/modules.d.ts declares.
 */
function seams({ core: name, file, form }, condition) {
  const isCompiled = condition === 'workerd' || condition === 'edge-light';
  const builtIn = isCompiled ? 'module' : form;
  const module = condition === 'edge-light' ? `${file}?module` : file;
  return {
    name: 'seams',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^core:(client|evaluate)$/ }, () => ({ path: `${core(name)}.js` }));
      onResolve({ filter: /^\.\/platform\.js$/ }, () => ({ path: platform }));
      onResolve({ filter: /^core:built-in$/ }, () => ({
        path: `${src}wasm/built-in/${builtIn}.ts`,
        sideEffects: false,
      }));
      onResolve({ filter: /^core:module$/ }, () => ({ path: module, external: true }));
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
  const names = entries.map(({ name }) => name);
  for (const [name, text] of Object.entries(declarations(here, names))) {
    await writeFile(`${dist}${name}.d.ts`, text);
    await writeFile(`${dist}${name}.d.cts`, text.replaceAll("'./index.js'", "'./index.cjs'"));
  }
}

/** The folder in which tools that do not read `exports` find an entry. */
async function folder({ path, name, scripts }) {
  const dir = `${here}${path}/`;
  const inDist = (file) => relative(dir, `${dist}${file}`);
  await mkdir(dir, { recursive: true });
  const manifest = {
    main: inDist(scripts.require),
    module: inDist(scripts.import),
    types: inDist(`${name}.d.ts`),
    sideEffects: false,
  };
  await writeFile(`${dir}package.json`, `${JSON.stringify(manifest, undefined, 2)}\n`);
}

async function report() {
  const files = [...scripts.map(({ file }) => file), 'core.wasm', 'evaluate.wasm'];
  const size = async (file) => {
    const bytes = await readFile(`${dist}${file}`);
    const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
    return { file, raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotli.length };
  };
  console.table(
    Object.fromEntries((await Promise.all(files.map(size))).map(({ file, ...sizes }) => [file, sizes])),
  );
}
