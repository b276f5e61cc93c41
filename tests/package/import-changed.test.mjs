// Apps that were written for the reference, run as they are and with nothing but the import changed: they
// show, ask and tell the same.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { EvaluationEngine, topologicalSort } from '@amplitude/experiment-core';
import { build } from 'esbuild';
import { browsers, launch, open, scriptedServer } from './browser-fixture.mjs';

const www = resolve(import.meta.dirname, '../../www');
const REFERENCE = '@amplitude/experiment-js-client';
const OURS = 'experiment-wasm';

/** The demo's set-up as it would be with the reference: the provider is the shop's own. */
const SET_UP = `
import { Experiment, type Exposure, type ExposureTrackingProvider } from '${REFERENCE}';
class Told implements ExposureTrackingProvider {
  track(exposure: Exposure): void { void fetch('/tracked', { method: 'POST', body: JSON.stringify(exposure) }); }
}
export const experiment = Experiment.initialize('client-demo', {
  serverUrl: location.origin,
  flagsServerUrl: location.origin,
  exposureTrackingProvider: new Told(),
});`;

const changed = (text, name) => text.replaceAll(`'${REFERENCE}'`, `'${name}'`);

async function shop(name) {
  const setUp = {
    name: 'set-up',
    setup: ({ onLoad }) =>
      onLoad({ filter: /shop\/experiment\.ts$/ }, () => ({
        contents: changed(SET_UP, name),
        loader: 'ts',
        resolveDir: import.meta.dirname,
      })),
  };
  const { outputFiles, metafile } = await build({
    entryPoints: [join(www, 'src/shop/main.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    metafile: true,
    plugins: [setUp],
    logLevel: 'silent',
  });
  const client = name === REFERENCE ? /experiment-js-client\/dist/ : /pkg\/dist/;
  const other = name === REFERENCE ? /pkg\/dist/ : /experiment-js-client/;
  const inputs = Object.keys(metafile.inputs);
  assert.ok(
    inputs.some((path) => client.test(path)) && !inputs.some((path) => other.test(path)),
    `${name} alone is in its bundle`,
  );
  return outputFiles[0].text;
}

/** The shop's page without what is beside the shop. */
const page = readFileSync(join(www, 'index.html'), 'utf8')
  .replace(/<link rel="stylesheet".*|<script.*ledger.*/g, '')
  .replace('/src/shop/main.ts', '/shop.js');

const [{ flags }] = JSON.parse(readFileSync(join(www, 'demo.json'), 'utf8')).projects;

/** The answers of a server that evaluates with the reference's engine. */
const answers = {
  '/sdk/v2/flags': flags.filter(({ metadata }) => metadata.evaluationMode === 'local'),
  '/sdk/v2/vardata': ({ headers }) =>
    new EvaluationEngine().evaluate(
      { user: userOf(headers) },
      topologicalSort(Object.fromEntries(flags.map((flag) => [flag.key, flag]))),
    ),
  '/tracked': {},
  '/2/httpapi': {},
};

const userOf = (headers) => JSON.parse(Buffer.from(headers['x-amp-exp-user'], 'base64').toString());

/** The requests and exposures at a server, but for names, times and random ids. */
function heard(requests) {
  const of = (path) => requests.filter((request) => request.path === path);
  return {
    asked: of('/sdk/v2/vardata')
      .map(({ headers }) => userOf(headers))
      .map(({ user_id, device_id, user_properties }) => ({ user_id, device_id, user_properties })),
    tracked: of('/tracked')
      .map(({ body }) => body)
      .sort()
      .map((body) => JSON.parse(body)),
    ordered: of('/2/httpapi').flatMap(({ body }) =>
      JSON.parse(body).events.map(({ user_id, event_type, event_properties }) => [
        user_id,
        event_type,
        event_properties.total,
      ]),
    ),
  };
}

/** Opens a page whose scripts are `files`, and answers what `steps` saw and the server heard. */
async function visit(browser, files, steps) {
  const served = await scriptedServer({ ...answers, ...files });
  const { page, said, thrown, close } = await open(browser, served.origin);
  try {
    const shown = await steps(page, served);
    assert.deepEqual([said, thrown], [[], []]);
    return { shown, ...heard(served.requests) };
  } finally {
    await close();
    served.close();
  }
}

const HTML = { 'content-type': 'text/html' };

/** What the shop shows, once its exposures of it have arrived: two on every page and for every visitor. */
const shown = async (page, served) => {
  await page.waitForFunction(() => document.body.ariaBusy === 'false');
  for (const _ of ['banner', 'button']) await served.asked('/tracked');
  return page.evaluate(() =>
    ['#checkout .label', '#banner', '#total'].map((name) => document.querySelector(name).textContent),
  );
};

/** Mira comes in, Jonas after her, the page is loaded again, and Jonas buys. */
async function shopping(page, served) {
  const seen = [await shown(page, served)];
  await page.evaluate(() => document.querySelector('[data-visitor=jonas] input').click());
  seen.push(await shown(page, served));
  await page.reload();
  seen.push(await shown(page, served));
  await page.evaluate(() => document.querySelector('#checkout').click());
  await served.asked('/2/httpapi');
  return seen;
}

/** A page with a script tag and no build, as the reference's documentation has it. */
const TAGGED = `<!doctype html><title>page</title><link rel="icon" href="data:,"><script src="/sdk.js"></script>
<script>
  const track = (exposure) => fetch('/tracked', { method: 'POST', body: JSON.stringify(exposure) });
  const options = { debug: true, serverUrl: location.origin, flagsServerUrl: location.origin, exposureTrackingProvider: { track } };
  window.experiment = Experiment.Experiment.initialize('client-demo', options);
  const show = (value) => (document.getElementById('output').innerText = JSON.stringify(value));
</script>
<button id="fetch" onclick="experiment.fetch({ user_id: 'mira.holt', device_id: 'mira-laptop' }).then(() => show('fetched'))">Fetch</button>
<button id="variant" onclick="show(experiment.variant('checkout-button'))">Variant</button>
<button id="all" onclick="show(experiment.all())">All</button>
<pre id="output"></pre>`;

async function pressing(page, served) {
  const seen = [];
  for (const button of ['fetch', 'variant', 'all']) {
    await page.evaluate(
      (id) => ((document.getElementById('output').innerText = ''), document.getElementById(id).click()),
      button,
    );
    await page.waitForFunction(() => document.getElementById('output').innerText);
    seen.push(JSON.parse(await page.evaluate(() => document.getElementById('output').innerText)));
  }
  await served.asked('/tracked');
  return seen;
}

const read = (name, file) => readFileSync(join(dirname(createRequire(import.meta.url).resolve(name)), file));

for (const name of browsers) {
  describe(`in ${name}`, () => {
    let browser;
    before(async () => (browser = await launch(name)));
    after(() => browser?.close());

    test('the shop of the demo, written for the reference', async () => {
      const files = async (client) => ({
        '/': { body: page, headers: HTML },
        '/shop.js': { body: await shop(client) },
      });
      const reference = await visit(browser, await files(REFERENCE), shopping);
      const ours = await visit(browser, await files(OURS), shopping);
      assert.deepEqual(ours, reference);
      const jonas = ['Check out', 'Shipping €6. Sent the day after you order.', '€138'];
      assert.deepEqual(ours.shown, [
        ['Get it by Friday', 'Members ship free, and you are one.', '€132'],
        jonas,
        jonas,
      ]);
      assert.equal(ours.tracked.length, 6);
      assert.deepEqual(ours.ordered, [['jonas.lind', 'Order Completed', 138]]);
    });

    test('a page with a script tag, written for the reference', async () => {
      const files = (sdk) => ({ '/': { body: TAGGED, headers: HTML }, '/sdk.js': { body: sdk } });
      const reference = await visit(browser, files(read(REFERENCE, 'experiment.umd.js')), pressing);
      const ours = await visit(browser, files(read(OURS, 'experiment.global.min.js')), pressing);
      assert.deepEqual(ours, reference);
      assert.deepEqual(
        [ours.shown[1].value, ours.tracked.map(({ flag_key, variant }) => [flag_key, variant])],
        ['treatment', [['checkout-button', 'treatment']]],
      );
    });
  });
}
