// `experiment-wasm/providers/segment` with Segment's own analytics.js, of which this is a real one in jsdom:
// what it sends for an exposure.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Experiment } from 'experiment-wasm';
import { SegmentExposureTrackingProvider } from 'experiment-wasm/providers/segment';
import { JSDOM } from 'jsdom';
import ts from 'typescript';

const GLOBALS = ['window', 'document', 'navigator', 'location', 'localStorage', 'fetch'];
const own = Object.getOwnPropertyDescriptors(globalThis);

const sent = [];
let AnalyticsBrowser;

before(async () => {
  const { window } = new JSDOM('<script></script>', { url: 'https://shop.example/' });
  window.fetch = async (url, { body }) => (sent.push(JSON.parse(body)), new Response('{}'));
  for (const name of GLOBALS)
    Object.defineProperty(globalThis, name, {
      value: name === 'window' ? window : window[name],
      configurable: true,
      writable: true,
    });
  ({ AnalyticsBrowser } = await import('@segment/analytics-next'));
});
after(() => {
  for (const name of GLOBALS) {
    delete globalThis[name];
    if (own[name]) Object.defineProperty(globalThis, name, own[name]);
  }
});

/** Segment's analytics without a request for its settings. */
function analytics() {
  const cdnSettings = {
    integrations: { 'Segment.io': { apiKey: 'WRITE_KEY' } },
    metrics: { sampleRate: 0 },
  };
  return AnalyticsBrowser.load({ writeKey: 'WRITE_KEY', cdnSettings });
}

/** A page that shows a variant twice. Returns what Segment sent meanwhile. */
async function visit(instanceName, tracker) {
  sent.length = 0;
  const client = Experiment.initialize('key', {
    instanceName,
    source: 'initialVariants',
    initialVariants: { button: { key: 'on', value: 'on', expKey: 'exp-1' } },
    exposureTrackingProvider: new SegmentExposureTrackingProvider(tracker),
  });
  client.setUser({ user_id: 'mira' });
  for (let calls = 0; calls < 2; calls++) assert.equal(client.variant('button').value, 'on');
  await tracker.track('after all');
  client.close();
  return sent.filter(({ event }) => event !== 'after all');
}

test('an exposure is one call of track, and a repetition on the next page has its messageId', async () => {
  const earliest = Date.now();
  const [exposure, ...more] = await visit('first', analytics());
  assert.deepEqual(more, []);
  const { type, event, properties, messageId, timestamp } = exposure;
  assert.deepEqual([type, event], ['track', '$exposure']);
  assert.deepEqual(
    [properties.flag_key, properties.variant, properties.experiment_key],
    ['button', 'on', 'exp-1'],
  );
  assert.match(messageId, /^[\da-f]{32,}$/);
  assert.ok(Date.parse(timestamp) >= earliest && Date.parse(timestamp) <= Date.now(), timestamp);
  const [again] = await visit('second', analytics());
  assert.equal(again.messageId, messageId);
});

test("what its track throws and rejects with is the client's to try again", async () => {
  const exposure = { flag_key: 'button', variant: 'on' };
  const event = { event_type: '$exposure', time: 5, insert_id: 'abc', event_properties: exposure };
  const provider = (track) => new SegmentExposureTrackingProvider({ track });
  const broken = new Error('no');
  assert.throws(
    () =>
      provider(() => {
        throw broken;
      }).track(exposure, event),
    broken,
  );
  await assert.rejects(provider(async () => Promise.reject(broken)).track(exposure, event), broken);
});

test('TypeScript takes the analytics of the package and of the snippet', () => {
  const file = fileURLToPath(new URL('segment-types.ts', import.meta.url));
  const text = `import { AnalyticsBrowser, type AnalyticsSnippet } from '@segment/analytics-next';
    import { Experiment } from 'experiment-wasm';
    import { SegmentExposureTrackingProvider } from 'experiment-wasm/providers/segment';
    declare const analytics: AnalyticsSnippet;
    for (const given of [AnalyticsBrowser.load({ writeKey: 'k' }), analytics])
      Experiment.initialize('key', { exposureTrackingProvider: new SegmentExposureTrackingProvider(given) });
    // @ts-expect-error: no analytics
    new SegmentExposureTrackingProvider({});`;
  const options = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => name === file || fileExists(name);
  host.getSourceFile = (name, ...more) =>
    name === file ? ts.createSourceFile(name, text, options.target, true) : getSourceFile(name, ...more);
  const problems = ts.getPreEmitDiagnostics(ts.createProgram([file], options, host));
  assert.deepEqual(
    problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
    [],
  );
});
