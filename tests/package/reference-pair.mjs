// The sources here and the originals side by side, made for one test, with what a page would give them.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import connectorPackage from '@amplitude/analytics-connector';
import reference from '@amplitude/experiment-js-client';
import { build } from 'esbuild';

export const { AnalyticsConnector } = connectorPackage;
export const source = fileURLToPath(new URL('../../pkg/src/', import.meta.url));

/** One script of everything that `contents` asks for. */
export async function bundle(contents, resolveDir, options) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir, loader: 'ts' },
    bundle: true,
    minify: true,
    write: false,
    target: 'es2020',
    format: 'esm',
    ...options,
  });
  return outputFiles[0].text;
}

const FILES = [
  'amplitude/integration-plugin',
  'amplitude/amplitude-js',
  'amplitude/analytics-connector',
  'client/legacy-analytics',
  'client/stub-client',
  'browser/memory-storage',
];
const OURS = FILES.map((name) => `export * from './${name}.js';`).join('\n');
/** Made as pkg/build.mjs makes the package: private names are mangled. */
export const script = await bundle(OURS, source, { mangleProps: /^[a-z][A-Za-z]*_$/ });
export const globalsBefore = Object.getOwnPropertyNames(globalThis);
export const ours = await import(`data:text/javascript,${encodeURIComponent(script)}`);
export const globalsAfter = Object.getOwnPropertyNames(globalThis);

/** Both kinds of everything. `connector` answers a new one each time. */
let names = 0;
export const sides = {
  ours: { ...ours, connector: () => ours.analyticsConnector(`ours ${names++}`) },
  theirs: { ...reference, connector: () => AnalyticsConnector.getInstance(`theirs ${names++}`) },
};

/** Demands that both sides answer the same, and returns it. */
export function same(play, message) {
  const [mine, original] = [play(sides.ours), play(sides.theirs)];
  assert.deepEqual(mine, original, message);
  return mine;
}

/** Sets globals until the test ends. */
export function globals(t, values) {
  for (const [name, value] of Object.entries(values)) {
    const old = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { configurable: true, writable: true, value });
    t.after(() => (old ? Object.defineProperty(globalThis, name, old) : delete globalThis[name]));
  }
}

/** Timers that a test ends. */
export function timers(t) {
  const open = new Map();
  let last = 0;
  const setTimeout = (fire, millis, ...given) =>
    open.set(++last, { millis, fire: () => fire(...given) }) && last;
  globals(t, { setTimeout, clearTimeout: (id) => open.delete(id) });
  return { open, end: () => [...open].forEach(([id, { fire }]) => open.delete(id) && fire()) };
}

/** Collects what goes to the console as errors. */
export function complaints(t) {
  const said = [];
  t.mock.method(console, 'error', (error) => said.push(error));
  return said;
}

/** Notes who listens to a store. */
export function listened(connector) {
  const listeners = new Set();
  const { addIdentityListener, removeIdentityListener } = connector.identityStore;
  connector.identityStore.addIdentityListener = (listener) => (
    listeners.add(listener), addIdentityListener.call(connector.identityStore, listener)
  );
  connector.identityStore.removeIdentityListener = (listener) => (
    listeners.delete(listener), removeIdentityListener.call(connector.identityStore, listener)
  );
  return listeners;
}

/** Numbers that are the same in every run. */
export function numbers(seed) {
  return (below) => {
    seed = (seed * 1664525 + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
}
