// Where clients run: this process and two browsers. What is told to them is the same in all.
import * as analytics from '@amplitude/analytics-node';
import { build } from 'esbuild';
import { browsers, launch, open, stage } from '../package/stage.mjs';
import { layOut } from './clients.mjs';

export const places = ['node', ...browsers];

const PAGE = `<!doctype html><title>page</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>`;

const SCRIPT = `
  import * as sdk from '@amplitude/analytics-browser';
  import { Experiment } from '@amplitude/experiment-js-client';
  import { layOut } from './clients.mjs';
  layOut(sdk, (client, key, options) => client.init(key, undefined, { autocapture: false, fetchRemoteConfig: false, ...options }));
  Object.assign(globalThis, { Experiment, isReady: true });`;

/**
 * `visit` tells somebody who was never there before: `run` calls a function with arguments, which finds `sdk`
 * and `start`.
 */
export async function place(name) {
  if (name === 'node') return inNode();
  const browser = await launch(name);
  const { outputFiles } = await build({
    stdin: { contents: SCRIPT, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2020',
  });
  const served = await stage({
    '/': { body: PAGE, headers: { 'content-type': 'text/html' } },
    '/page.js': outputFiles[0].text,
  });
  return {
    visit: (told, query = '') => visit(browser, `${served.origin}/${query}`, told),
    async close() {
      await browser.close();
      served.close();
    },
  };
}

function inNode() {
  const wait = globalThis.setTimeout;
  layOut(analytics, (client, key, options) => client.init(key, options));
  const run = async (what, ...given) => what(...structuredClone(given));
  return { visit: (told) => told({ run }), close: () => void (globalThis.setTimeout = wait) };
}

/**
 * A page of another origin than the server's, where nothing is thrown and which asks nobody outside this
 * machine.
 */
async function visit(browser, url, told) {
  const { page, thrown, close } = await open(browser, url);
  const elsewhere = [];
  page.on(
    'request',
    (request) => /^(data:|http:\/\/127\.0\.0\.1:)/.test(request.url()) || elsewhere.push(request.url()),
  );
  const isReady = () => page.waitForFunction(() => globalThis.isReady);
  try {
    await isReady();
    const run = (what, ...given) => page.evaluate(what, ...given);
    await told({ run, page, isReady });
    if (thrown.length + elsewhere.length)
      throw new Error(`in the page: ${[...thrown, ...elsewhere].join('; ')}`);
  } finally {
    await close();
  }
}
