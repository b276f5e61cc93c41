// Where clients run: this process and two browsers. A session runs in the same way in all of them.
import * as analytics from '@amplitude/analytics-node';
import { build } from 'esbuild';
import { browsers, launch, open, scriptedServer } from '../package/browser-fixture.mjs';
import { defineGlobals } from './clients.mjs';

export const environments = ['node', ...browsers];

const PAGE = `<!doctype html><title>page</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>`;

const SCRIPT = `
  import * as sdk from '@amplitude/analytics-browser';
  import { Experiment } from '@amplitude/experiment-js-client';
  import { defineGlobals } from './clients.mjs';
  defineGlobals(sdk, (client, key, options) => client.init(key, undefined, { autocapture: false, fetchRemoteConfig: false, ...options }));
  Object.assign(globalThis, { Experiment, isReady: true });`;

/**
 * `visit` runs a session of a new visitor: `run` calls a function with arguments, which finds `sdk` and
 * `start`.
 */
export async function openEnvironment(name) {
  if (name === 'node') return inNode();
  const browser = await launch(name);
  const { outputFiles } = await build({
    stdin: { contents: SCRIPT, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2020',
  });
  const served = await scriptedServer({
    '/': { body: PAGE, headers: { 'content-type': 'text/html' } },
    '/page.js': outputFiles[0].text,
  });
  return {
    visit: (session, query = '') => visit(browser, `${served.origin}/${query}`, session),
    async close() {
      await browser.close();
      served.close();
    },
  };
}

function inNode() {
  const wait = globalThis.setTimeout;
  defineGlobals(analytics, (client, key, options) => client.init(key, options));
  const run = async (what, ...given) => what(...structuredClone(given));
  return { visit: (session) => session({ run }), close: () => void (globalThis.setTimeout = wait) };
}

/**
 * A page of another origin than the server's, where nothing is thrown and which asks nobody outside this
 * machine.
 */
async function visit(browser, url, session) {
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
    await session({ run, page, isReady });
    if (thrown.length + elsewhere.length)
      throw new Error(`in the page: ${[...thrown, ...elsewhere].join('; ')}`);
  } finally {
    await close();
  }
}
