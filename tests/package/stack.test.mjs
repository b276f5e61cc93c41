// A stack that has run out: at every depth near its end, no method leaves a client that is broken, or a call
// that is made in part.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { launch, open, scriptedServer } from './browser-fixture.mjs';
import { inNodeProcess } from './node-process.mjs';

/**
 * A provider that had no room refuses, and a client that is closed at once does not offer again: that is
 * said, as it should be.
 */
const unexpected = (logged) => logged.filter((code) => code !== 'PROVIDER_REFUSED');

/** Runs in a page as in Node: `sdk` in, what went wrong out. */
async function dive(sdk) {
  const flag = (key) => ({
    key,
    metadata: { evaluationMode: 'local' },
    variants: { on: { key: 'on' } },
    segments: [
      {
        conditions: [
          [{ selector: ['context', 'user', 'user_properties', 'plan'], op: 'is', values: ['pro'] }],
        ],
        variant: 'on',
      },
    ],
  });
  const user = (user_id) => ({ user_id, user_properties: { plan: 'pro' } });
  const logged = [];
  const log = (sentence, error) => logged.push(String(error?.code ?? sentence));
  let made = 0;
  const tracked = [];
  const client = () =>
    sdk.Experiment.initialize('key', {
      instanceName: `dive ${made++}`,
      pollOnStart: false,
      loggerProvider: { error: log, warn: log, info() {}, debug() {}, verbose() {} },
      initialFlags: JSON.stringify([flag('local'), flag('other')]),
      exposureTrackingProvider: (exposure, event) =>
        void tracked.push(`${exposure.flag_key} ${event.user_id}`),
      httpClient: {
        request: async (url) => ({
          status: 200,
          body: url.includes('flags') ? '[]' : '{"a":{"key":"on"},"b":{"key":"on"}}',
        }),
      },
    });
  /** Calls `act` where so many frames are free. Answers what it threw. */
  const with_ = (frames, act) => {
    let free = -1;
    let thrown;
    const sink = () => {
      try {
        sink();
      } catch {
        free = 0;
        return;
      }
      if (free++ === frames) {
        try {
          act();
        } catch (error) {
          thrown = error;
        }
      }
    };
    sink();
    return thrown;
  };
  const swallow = (promise) =>
    promise?.then?.(
      () => {},
      () => {},
    );
  const acts = {
    variant: (c) => c.variant('b', 'x'),
    unknown: (c) => c.variant('nobody knows', 'x'),
    local: (c) => c.variant('other'),
    peek: (c) => c.variant('b', 'x', { expose: false }),
    exposure: (c) => c.exposure('b'),
    all: (c) => c.all(),
    traces: (c) => c.getEvaluationTraces(),
    getUser: (c) => c.getUser(),
    setUser: (c) => c.setUser(user('v')),
    clear: (c) => c.clear(),
    reset: (c) => c.reset(),
    start: (c) => swallow(c.start(user('v'))),
    fetch: (c) => swallow(c.fetch(user('v'))),
    stop: (c) => c.stop(),
    close: (c) => c.close(),
    track: (c) => swallow(c.setTracksAssignment(false)),
    provider: (c) => c.setUserProvider({ getUser: () => ({}) }),
    on: (c) => c.on('variants', () => {}),
    consent: (c) => c.setConsentStatus(0),
    addPlugin: (c) =>
      c.addPlugin({ type: 'integration', getUser: () => ({ version: '1' }), track: () => true }),
  };
  const wrong = [];
  for (const [name, act] of Object.entries(acts)) {
    // What was never called is compiled first, for which engines want more room than anything here.
    act(client());
    with_(5_000, () => act(client()));
    for (let frames = 0; frames < 1_200; frames += frames < 60 ? 3 : 37) {
      const c = client();
      await c.fetch(user('u'));
      c.variant('a');
      const thrown = with_(frames, () => act(c));
      const note = (what) => wrong.push(`${name} at ${frames}: ${what}`);
      try {
        // A call that has no room for its own frame is the engine's to refuse.
        if (thrown && !/stack|recursion/.test(thrown.message)) note(thrown);
        if (c.variant('never asked', 'x').key !== 'x') note('a flag that is not cached');
        if (!['close', 'consent'].includes(name)) {
          if (
            !thrown &&
            name === 'setUser' &&
            (c.getUser().user_id !== 'v' || c.variant('a', 'none').key !== 'none')
          )
            note('somebody else is served');
          if (!thrown && name === 'reset' && c.getUser()) note('the user stayed');
          if (!thrown && name === 'clear' && c.variant('a', 'none').key !== 'none') note('variants stayed');
          await c.fetch(user('w'));
          const fresh = `fresh ${made}`;
          if (
            c.variant('a').key !== 'on' ||
            c.variant('local').key !== 'on' ||
            c.variant(fresh, 'y').key !== 'y'
          )
            note('variants after it');
          if (tracked.at(-1) !== 'local w') note(`the exposure after it: ${tracked.at(-1)}`);
        }
      } catch (error) {
        note(String(error));
      }
      c.close();
    }
  }
  return { wrong, logged };
}

test('at every depth near the end of the stack every method leaves a client that works, in Node', async () => {
  const { wrong, logged } = await inNodeProcess(
    `const dive = ${dive}; console.log(JSON.stringify(await dive(await import('experiment-wasm'))));`,
  );
  assert.deepEqual([wrong, unexpected(logged)], [[], []]);
});

test('flags asked for in the catch blocks of a recursion are answered ever after', async () => {
  const result = await inNodeProcess(`const { Experiment } = await import('experiment-wasm');
    const logged = []; const log = (sentence, error) => logged.push(error?.code ?? sentence);
    const client = Experiment.initialize('key', { loggerProvider: { error: log, warn: log, info() {}, debug() {}, verbose() {} } });
    let asked = 0;
    const escaped = new Set();
    const sink = () => { try { sink(); } catch { for (let i = 0; i < 3; i++) try { client.variant('flag ' + asked++, 'x'); } catch (error) { escaped.add(error.name); throw error; } } };
    try { sink(); } catch {}
    const after = Array.from({ length: 50 }, (_, at) => client.variant('flag ' + at, 'x').key + client.variant('later ' + at, 'y').key);
    console.log(JSON.stringify([new Set(after).size, after[0], [...escaped].filter((name) => name !== 'RangeError'), logged]));`);
  assert.deepEqual(result, [1, 'xy', [], []]);
});

describe('in chromium', () => {
  let browser;
  before(async () => (browser = await launch('chromium')));
  after(() => browser?.close());

  test('at every depth near the end of the stack every method leaves a client that works', async () => {
    const script = readFileSync(
      join(dirname(createRequire(import.meta.url).resolve('experiment-wasm')), 'index.js'),
    );
    const page = {
      body: '<!doctype html><link rel="icon" href="data:,">',
      headers: { 'content-type': 'text/html' },
    };
    const served = await scriptedServer({ '/': page, '/index.js': { body: script } });
    const { page: tab, close } = await open(browser, served.origin);
    try {
      const { wrong, logged } = await tab.evaluate(`(async () => (${dive})(await import('/index.js')))()`);
      assert.deepEqual([wrong, unexpected(logged)], [[], []]);
    } finally {
      await close();
      served.close();
    }
  });
});
