// A place that scripts run in, of which the test says what it has: the language alone, and each global of a
// page as it is wanted. And a visit: all that a page does with the package, from its import to the last
// `close`.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import vm from 'node:vm';

const require = createRequire(import.meta.url);
const bundle = (entry) =>
  new vm.Script(
    `(function (exports, module) {${readFileSync(require.resolve(entry), 'utf8')}\nreturn module.exports})`,
  );
const [ours, evaluate] = ['experiment-wasm', 'experiment-wasm/evaluate'].map(bundle);

/** A global that is there and useless. */
const BROKEN = `function () { throw new Error('broken') }`;

/** What becomes of a global, as code that runs where it is. */
export const CHANGES = {
  missing: (name) => `delete globalThis.${name};`,
  forbidden: (name) =>
    `Object.defineProperty(globalThis, '${name}', { configurable: true, get() { throw new Error('forbidden') }, set() { throw new Error('forbidden') } });`,
  'without anything in it': (name) => `globalThis.${name} = {};`,
  broken: (name) => `globalThis.${name} = ${BROKEN};`,
};

const FLAG = {
  key: 'flag',
  metadata: { evaluationMode: 'local' },
  variants: { on: { key: 'on', value: 'on' } },
  segments: [{ variant: 'on' }],
};
const answers = (path) =>
  path.endsWith('flags')
    ? [FLAG]
    : path.endsWith('vardata')
      ? { fetched: { key: 'on', value: 'on' } }
      : { code: 200 };

/**
 * Everything of a browser that the package looks up; `heard`, the listeners that were added, and `timers`,
 * which fire when the test says so.
 */
function browser() {
  const heard = [];
  const timers = new Map();
  let armed = 0;
  const listening = { addEventListener: (_, listener) => heard.push(listener), removeEventListener() {} };
  const storage = () => {
    const methods = {
      getItem: { value: (key) => shelf[key] ?? null },
      setItem: { value: (key, text) => void (shelf[key] = text) },
      removeItem: { value: (key) => delete shelf[key] },
    };
    const shelf = Object.defineProperties({}, methods);
    return shelf;
  };
  const globals = {
    ...listening,
    document: { ...listening, cookie: 'a=b', referrer: 'https://example.com/', visibilityState: 'hidden' },
    location: new URL('https://shop.example/?a=b'),
    navigator: { language: 'de', languages: ['de'], userAgent: 'Mozilla/5.0 Chrome/140.0.0.0 Safari/537.36' },
    localStorage: storage(),
    sessionStorage: storage(),
    fetch: async (url) => new Response(JSON.stringify(answers(new URL(url).pathname))),
    XMLHttpRequest: class {
      open(_, url) {
        this.path = new URL(url).pathname;
      }
      setRequestHeader() {}
      send() {
        Object.assign(this, { status: 200, responseText: JSON.stringify(answers(this.path)) }).onload();
      }
    },
    setTimeout: (run) => timers.set(++armed, run) && armed,
    clearTimeout: (timer) => void timers.delete(timer),
    performance: { now: () => performance.now() },
    console: Object.fromEntries(['error', 'warn', 'info', 'debug'].map((name) => [name, () => {}])),
    ...{ AbortController, TextDecoder, TextEncoder, URL, atob },
  };
  return { globals, heard, timers };
}

/**
 * A place with a browser's globals, after `change` (code) was run in it. With `note`, each global that is
 * looked up is noted.
 */
export function place(change = '', note) {
  const { globals, heard, timers } = browser();
  const context = vm.createContext({});
  for (const [name, value] of Object.entries(globals)) context[name] = value;
  vm.runInContext(change, context);
  if (note) observe(context, note);
  return { context, heard, timers };
}

function observe(context, { names, seen }) {
  context.note = (name) => seen.add(name);
  context.names = names;
  vm.runInContext(
    `{ const { note, names } = globalThis; for (const name of names) {
    let value = globalThis[name];
    Object.defineProperty(globalThis, name, { configurable: true, get() { note(name); return value; }, set(given) { value = given; } });
  } }`,
    context,
  );
}

/** Does in a place what pages do. Answers what they saw; throws what reaches the page. */
export async function visit({ context, heard, timers }) {
  const load = (script) => script.runInContext(context)({}, { exports: {} });
  const { Experiment, HttpExposureTrackingProvider, ConsentStatus } = load(ours);
  const tracked = [];
  const options = {
    serverUrl: 'https://a.example',
    flagsServerUrl: 'https://a.example',
    initialFlags: JSON.stringify([FLAG]),
  };
  const provider = new HttpExposureTrackingProvider({
    apiKey: 'api-key',
    serverUrl: 'https://a.example/2/httpapi',
  });
  const own = Experiment.initialize('key', {
    ...options,
    instanceName: 'own',
    exposureTrackingProvider: (exposure) => void tracked.push(exposure.flag_key),
  });
  const http = Experiment.initialize('key', {
    ...options,
    instanceName: 'http',
    exposureTrackingProvider: provider,
    consentOptions: { status: ConsentStatus.PENDING },
  });
  const amplitude = Experiment.initializeWithAmplitudeAnalytics('0123456789', options);
  for (const client of [own, http]) await client.start({ user_id: 'u' });
  for (const client of [own, http, amplitude]) {
    for (const key of ['flag', 'fetched']) client.variant(key, 'off');
    client.exposure('flag');
  }
  const shown = [own.variant('flag', 'off').value, own.variant('fetched', 'off').value];
  for (const listener of heard) listener();
  fire(timers);
  http.setConsentStatus(ConsentStatus.GRANTED);
  http.variant('flag');
  http.setConsentStatus(ConsentStatus.REJECTED);
  provider.flush();
  for (const client of [own, http, amplitude]) client.close();
  provider.close();
  const evaluated = await evaluateIn(load(evaluate));
  fire(timers);
  return { shown, tracked, evaluated };
}

/** What is due by now; what that arms is not. */
function fire(timers) {
  const due = [...timers.values()];
  timers.clear();
  for (const run of due) run();
}

async function evaluateIn({ evaluate, HttpAssignmentTrackingProvider, LocalEvaluationClient }) {
  const assignmentTrackingProvider = new HttpAssignmentTrackingProvider({
    apiKey: 'api-key',
    serverUrl: 'https://a.example/2/httpapi',
  });
  const local = new LocalEvaluationClient('key', {
    serverUrl: 'https://a.example',
    bootstrap: [FLAG],
    assignmentTrackingProvider,
  });
  local.start().catch(() => {});
  const evaluated = [evaluate([FLAG], {}).variants.flag.key, local.evaluateV2({ user_id: 'u' }).flag.key];
  await new Promise(setImmediate);
  local.stop();
  assignmentTrackingProvider.close();
  return evaluated;
}
