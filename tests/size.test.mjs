// What a page pays: every entry of the package as esbuild bundles and minifies it, in raw, gzip and brotli
// bytes.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/**
 * The default entry, and `slim` with its wasm, minified, in brotli bytes at quality 11: what there is,
 * rounded up to fifty.
 */
const BUDGET = 44_450;
const SLIM_BUDGET = 48_100;

const pkg = new URL('../pkg/', import.meta.url);
const { name, exports } = JSON.parse(readFileSync(new URL('package.json', pkg), 'utf8'));
const scripts = Object.keys(exports).filter((entry) => !/\.\w+$/.test(entry));
const modules = Object.keys(exports).filter((entry) => entry.endsWith('.wasm'));

async function bundle(entry) {
  const { outputFiles } = await build({
    stdin: { contents: `export * from '${entry.replace('.', name)}'`, resolveDir: import.meta.dirname },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    conditions: ['import'],
  });
  return outputFiles[0].contents;
}

function measure(bytes) {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_LGWIN]: 24,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  return {
    raw: bytes.length,
    gzip: gzipSync(bytes, { level: 9 }).length,
    brotli: brotliCompressSync(bytes, { params }).length,
  };
}

test('README.md has the budgets', () => {
  const readme = readFileSync(new URL('../README.md', pkg), 'utf8');
  for (const budget of [BUDGET, SLIM_BUDGET]) assert.ok(readme.includes(` ${budget.toLocaleString('en')}`));
});

test('the entries stay within their budgets', async () => {
  const sizes = {};
  for (const entry of scripts) sizes[entry] = measure(await bundle(entry));
  for (const entry of modules) sizes[entry] = measure(readFileSync(new URL(exports[entry], pkg)));
  console.table(sizes);
  const slim = sizes['./slim'].brotli + sizes['./core.wasm'].brotli;
  assert.ok(sizes['.'].brotli < BUDGET, `${sizes['.'].brotli} B is over the budget of ${BUDGET} B`);
  assert.ok(slim < SLIM_BUDGET, `${slim} B is over the budget of ${SLIM_BUDGET} B`);
});
