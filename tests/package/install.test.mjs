// What npm installs: the tarball in an app of its own, in Node by import and require, and what of it tools
// read.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { entries } from '../../pkg/entries.mjs';
import { dead } from './links.mjs';
import { scratch } from './scratch.mjs';

let app;
before(async () => (app = await scratch()));
after(() => app?.remove());

const manifest = () => JSON.parse(readFileSync(join(app.installed, 'package.json'), 'utf8'));

const SPECIFIERS = entries.map(({ specifier }) => specifier);

const ASK = `
  const client = Experiment.initialize('key', { initialVariants: { flag: { value: 'on', payload: { size: 1 } } } });
  console.log(JSON.stringify([client.variant('flag'), client.variant('none', 'off'), Object.keys(globalThis.experimentInstances)]));`;
const ANSWER = [
  { key: 'on', value: 'on', payload: { size: 1 } },
  { key: 'off', value: 'off' },
  ['$default_instance.key'],
];

test('it is imported by its name', async () => {
  assert.deepEqual(
    await app.run('import.mjs', `import { Experiment } from 'experiment-wasm';${ASK}`),
    ANSWER,
  );
});

test('it is required by its name', async () => {
  assert.deepEqual(
    await app.run('require.cjs', `const { Experiment } = require('experiment-wasm');${ASK}`),
    ANSWER,
  );
});

test('import and require have the same names, and slim two more', async () => {
  const names = await app.run(
    'names.mjs',
    `
    import { createRequire } from 'node:module';
    const require = createRequire(import.meta.url);
    const names = (loaded) => Object.keys(loaded).filter((name) => name !== 'default' && name !== 'module.exports').sort();
    const entries = ${JSON.stringify(SPECIFIERS)};
    console.log(JSON.stringify(await Promise.all(entries.map(async (entry) => [entry, names(await import(entry)), names(require(entry))]))));`,
  );
  for (const [entry, imported, required] of names) assert.deepEqual(required, imported, entry);
  const named = Object.fromEntries(names);
  const index = named['experiment-wasm'];
  const reference = Object.keys(createRequire(import.meta.url)('@amplitude/experiment-js-client'));
  const ours = ['ConsentStatus', 'ExperimentError', 'HttpExposureTrackingProvider'];
  assert.deepEqual(index, [...reference.filter((name) => name !== 'default'), ...ours].sort());
  assert.deepEqual(named['experiment-wasm/slim'], [...index, 'load', 'loadSync'].sort());
  assert.deepEqual(named['experiment-wasm/evaluate'], [
    'ConsoleLogger',
    'Experiment',
    'ExperimentError',
    'HttpAssignmentTrackingProvider',
    'LocalEvaluationClient',
    'LogLevel',
    'evaluate',
  ]);
  assert.deepEqual(named['experiment-wasm/providers/segment'], ['SegmentExposureTrackingProvider']);
});

test('it depends on nothing and runs nothing when it is installed', () => {
  const { dependencies, peerDependencies, optionalDependencies, scripts = {} } = manifest();
  assert.deepEqual([dependencies, peerDependencies, optionalDependencies], [undefined, undefined, undefined]);
  assert.deepEqual(
    Object.keys(scripts).filter((name) => /install|prepare|prepack|postpack|publish/.test(name)),
    [],
  );
});

test('every file that the manifest names is in the tarball, and no source is', () => {
  const { main, module, types, unpkg, jsdelivr, exports } = manifest();
  const named = JSON.stringify([main, module, types, unpkg, jsdelivr, exports]).match(/(?<=")\.\/[^"]+/g);
  for (const path of named.filter((path) => /\.\w+$/.test(path))) {
    if (path.includes('dist') || path.endsWith('.json')) assert.ok(app.files.includes(path.slice(2)), path);
  }
  assert.deepEqual(
    app.files.filter(
      (path) =>
        !/^(dist\/|docs\/([a-z-]+\.md|openapi\.json)$|package\.json$|README\.md$|LICENSE$)/.test(path) &&
        !entries.some((entry) => path === `${entry.path.slice(2)}/package.json`),
    ),
    [],
  );
});

test('tools that do not read `exports` find every script where a folder says so', () => {
  const { exports } = manifest();
  const entries = Object.keys(exports).filter((entry) => entry !== '.' && !/\.\w+$/.test(entry));
  assert.ok(entries.length > 1);
  for (const entry of entries) {
    const folder = join(app.installed, entry);
    const { main, module, types } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const { import: imported, require: required } = exports[entry];
    assert.deepEqual(
      [module, types, main].map((path) => `./${relative(app.installed, join(folder, path))}`),
      [imported.default, imported.types, required.default],
    );
    for (const path of [module, types, main]) readFileSync(join(folder, path));
  }
});

test('every link of its pages leads somewhere', () => {
  const pages = app.files.filter((path) => path.endsWith('.md'));
  assert.ok(pages.includes('README.md') && pages.length > 1);
  assert.deepEqual(dead(app.installed, pages, app.files), []);
});

test('types come first in every branch, and each format has its own', () => {
  const branches = [];
  const walk = (node) =>
    typeof node === 'object' && (node.default ? branches.push(node) : Object.values(node).forEach(walk));
  walk(manifest().exports);
  assert.ok(branches.length >= 10);
  for (const branch of branches) {
    assert.deepEqual(Object.keys(branch), ['types', 'default']);
    assert.equal(branch.types.endsWith('.d.cts'), branch.default.endsWith('.cjs'), branch.default);
  }
});

test('workerd and edge-light get scripts that import the wasm and compile nothing', async () => {
  for (const [condition, specifier] of [
    ['workerd', './core.wasm'],
    ['edge-light', './core.wasm?module'],
  ]) {
    const path = await app.run(
      'resolve.mjs',
      `console.log(JSON.stringify(import.meta.resolve('experiment-wasm')))`,
      `--conditions=${condition}`,
    );
    const script = readFileSync(new URL(path), 'utf8');
    assert.ok(script.includes(`from"${specifier}"`), condition);
  }
});

test('where the platform compiles the wasm, the client runs on its module', async () => {
  await app.write(
    'platform.mjs',
    `
    import { readFileSync } from 'node:fs';
    export function load(url, context, next) {
      if (!url.endsWith('.wasm')) return next(url, context);
      const source = \`export default new WebAssembly.Module(Buffer.from('\${readFileSync(new URL(url)).toString('base64')}', 'base64'))\`;
      return { format: 'module', shortCircuit: true, source };
    }`,
  );
  await app.write(
    'register.mjs',
    `import { register } from 'node:module'; register('./platform.mjs', import.meta.url);`,
  );
  const text = `const { Experiment } = await import('experiment-wasm');
    WebAssembly.Module = class { constructor() { throw new Error('compiled'); } static [Symbol.hasInstance](value) { return String(value) === '[object WebAssembly.Module]'; } };${ASK}`;
  assert.deepEqual(
    await app.run('worker.mjs', text, '--import=./register.mjs', '--conditions=workerd'),
    ANSWER,
  );
});

test('importing touches no global and starts nothing', async () => {
  const touched = await app.run(
    'untouched.mjs',
    `
    const before = new Set(Reflect.ownKeys(globalThis));
    const used = [];
    for (const name of ['fetch', 'setTimeout', 'setInterval', 'queueMicrotask', 'WebAssembly', 'performance', 'crypto']) {
      const value = globalThis[name];
      Object.defineProperty(globalThis, name, { configurable: true, get: () => (used.push(name), value) });
    }
    Object.freeze(globalThis);
    for (const entry of ${JSON.stringify(SPECIFIERS)}) await import(entry);
    const after = Reflect.ownKeys(globalThis).filter((name) => !before.has(name));
    console.log(JSON.stringify([after, used]));`,
  );
  assert.deepEqual(touched, [[], []]);
});
