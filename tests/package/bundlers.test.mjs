// The packed package in other people's bundlers, without any configuration, run in browsers.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { browsers, launch, open, scriptedServer } from './browser-fixture.mjs';
import { scratch } from './scratch.mjs';

let app;
let launched = [];
before(async () => ([app, ...launched] = await Promise.all([scratch(), ...browsers.map(launch)])));
after(() => Promise.all([app?.remove(), ...launched.map((browser) => browser.close())]));

const HTML = (script) =>
  `<!doctype html><title>app</title><link rel="icon" href="data:,"><script type="module" src="${script}"></script>`;
const SHOW = `
  const client = Experiment.initialize('key', { serverUrl: location.origin, flagsServerUrl: location.origin, pollOnStart: false });
  await client.start({ user_id: 'u' });
  globalThis.shown = client.variant('flag', 'off').value;`;
const MAIN = `import { Experiment } from 'experiment-wasm';${SHOW}`;

async function folder(path) {
  const files = (await readdir(path, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  const read = async ({ parentPath, path: at, name }) => [
    join(parentPath ?? at, name).slice(path.length),
    await readFile(join(parentPath ?? at, name)),
  ];
  return Object.fromEntries(await Promise.all(files.map(read)));
}

/** Runs the app in `out` and demands that the page shows what the server assigned, in each browser. */
async function shows(out) {
  const files = await folder(join(app.dir, out));
  for (const browser of launched) await showsIn(browser, files);
  return files;
}

async function showsIn(browser, files) {
  const served = await scriptedServer({
    ...files,
    '/': { body: files['/index.html'], headers: { 'content-type': 'text/html' } },
    '/sdk/v2/flags': [],
    '/sdk/v2/vardata': { flag: { key: 'on', value: 'on' } },
  });
  const { page, said, thrown, close } = await open(browser, served.origin);
  try {
    const shown = await page.waitForFunction(() => globalThis.shown).catch(() => undefined);
    assert.deepEqual([await shown?.jsonValue(), said, thrown], ['on', [], []]);
  } finally {
    await close();
    served.close();
  }
}

async function vite(main) {
  await app.write('index.html', HTML('/main.js'));
  await app.write('main.js', main);
  await app.tool(
    'vite',
    'build',
    '--outDir',
    'vite',
    '--emptyOutDir',
    '--target',
    'es2022',
    '--logLevel',
    'error',
  );
}

test('bundled by Vite', async () => {
  await vite(MAIN);
  await shows('vite');
});

test('bundled by esbuild', async () => {
  await app.write('main.js', MAIN);
  await app.tool(
    'esbuild',
    'main.js',
    '--bundle',
    '--minify',
    '--format=esm',
    '--outdir=esbuild',
    '--log-level=error',
  );
  await app.write('esbuild/index.html', HTML('/main.js'));
  await shows('esbuild');
});

test('slim, bundled by Vite, with the wasm as a file of its own', async () => {
  await vite(`import { Experiment, load } from 'experiment-wasm/slim';
    import wasm from 'experiment-wasm/core.wasm?url';
    load(wasm);${SHOW}`);
  const files = await shows('vite');
  const names = Object.keys(files);
  assert.equal(names.filter((name) => name.endsWith('.wasm')).length, 1);
  const largest = Math.max(...names.filter((name) => name.endsWith('.js')).map((name) => files[name].length));
  assert.ok(largest < 40_000, `${largest} B of script: the wasm is not in it`);
});

test('what an app does not use is left out of its bundle', async () => {
  await app.write(
    'unused.js',
    `import 'experiment-wasm'; import { LogLevel } from 'experiment-wasm/slim'; console.log(LogLevel.Warn);`,
  );
  await app.tool(
    'esbuild',
    'unused.js',
    '--bundle',
    '--minify',
    '--format=esm',
    '--outdir=unused',
    '--log-level=error',
  );
  const { length } = await readFile(join(app.dir, 'unused/unused.js'));
  assert.ok(length < 5_000, `${length} B for one enum`);
});
