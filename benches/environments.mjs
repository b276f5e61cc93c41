// Where things run: in this Node, in a Node of its own, and in pages of a headless Chromium, which a server
// on this machine gives them.
import { fork } from 'node:child_process';
import { chromium } from 'playwright-core';
import { scriptedServer } from '../tests/package/browser-fixture.mjs';
import { run } from './suite.mjs';

const QUIET = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', ...QUIET];

/** With these a page's memory can be told. */
const MEMORY = ['--js-flags=--expose-gc', '--enable-precise-memory-info'];

/** A page that nobody else can look into has the finer clock. */
const ISOLATED = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cache-control': 'no-store',
};

export const launch = (more = []) =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...FLAGS, ...more] });

/** Serves these files, by path. */
export const serve = (files) =>
  scriptedServer(
    Object.fromEntries(Object.entries(files).map(([path, body]) => [path, { body, headers: ISOLATED }])),
  );

const imported = (text) => import(`data:text/javascript;base64,${Buffer.from(text).toString('base64')}`);

/** The cases, in this process. */
export async function casesInNode({ ours, reference, core }, wasm, options, tell) {
  const { instantiate, Host } = await imported(core);
  const given = {
    ours: await imported(ours),
    reference: await imported(reference),
    core: { instantiate, Host, module: new WebAssembly.Module(wasm) },
  };
  return run(given, options, tell);
}

/** The cases, in one page. */
export function casesInChromium(code, wasm, options, tell) {
  return inPage(code, wasm, [], tell, (page) => page.evaluate(casesOfPage, options));
}

async function casesOfPage(options) {
  const [ours, reference, { instantiate, Host }, { run }] = await Promise.all(
    ['ours', 'reference', 'core', 'suite'].map((name) => import(`/${name}.js`)),
  );
  const module = await WebAssembly.compileStreaming(fetch('/core.wasm'));
  return run({ ours, reference, core: { instantiate, Host, module } }, options, globalThis.tell);
}

/** The memory of one client, in a process of its own. */
export function memoryInNode(code, who) {
  return new Promise((resolve, reject) => {
    const child = fork(new URL('memory-in-node.mjs', import.meta.url), { execArgv: ['--expose-gc'] });
    child.once('message', resolve);
    child.once('exit', (status) => reject(new Error(`the process ended with ${status}`)));
    child.send(code[who]);
  });
}

/** The memory of one client, in a browser of its own. */
export function memoryInChromium(code, who, wasm, tell) {
  return inPage(code, wasm, MEMORY, tell, (page) => page.evaluate(memoryOfPage, who));
}

async function memoryOfPage(who) {
  const [sdk, { endure }] = await Promise.all([import(`/${who}.js`), import('/suite.js')]);
  return endure(sdk, { heap: () => performance.memory.usedJSHeapSize, gc: globalThis.gc }, globalThis.tell);
}

async function inPage(code, wasm, flags, tell, act) {
  const scripts = Object.entries(code).map(([name, text]) => [`/${name}.js`, text]);
  const server = await serve({
    '/page.html': '<!doctype html><title>bench</title>',
    '/core.wasm': wasm,
    ...Object.fromEntries(scripts),
  });
  const browser = await launch(flags);
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => tell(`the page threw ${error}`));
    await page.exposeFunction('tell', tell);
    await page.goto(`${server.origin}/page.html`);
    return await act(page);
  } finally {
    await browser.close();
    server.close();
  }
}
