// The clients that are measured, ours and the reference's, made alike; and what stands in for their server.

/** The deployment key of all of them. */
export const KEY = 'client-bench-key';

let made = 0;

/**
 * A client as a page makes it, under a name of its own. Its provider takes every exposure and does nothing
 * with it.
 */
export function clientOf({ Experiment }, config = {}) {
  return Experiment.initialize(KEY, {
    instanceName: `bench-${++made}`,
    exposureTrackingProvider: { track() {} },
    fetchOnStart: false,
    ...config,
  });
}

/** A server that knows these variants. */
const serving = (variants) => ({ request: async () => ({ status: 200, body: JSON.stringify(variants) }) });

/** A client that has fetched these variants for a user. */
export async function fetched(sdk, variants, user) {
  const client = clientOf(sdk, { httpClient: serving(variants) });
  await client.fetch(user);
  return client;
}

/** The flags under the name that both clients have them in storage. */
export const STORED_FLAGS = `amp-exp-$default_instance-${KEY.slice(-6)}-flags`;

/**
 * What the TypeScript client builds a client of the core from (`ClientInit` of pkg/src/wasm/init.ts), with
 * these flags stored by an earlier page.
 */
export function initOf(flagsText) {
  const survivingTexts_ = new Map([[STORED_FLAGS, flagsText]]);
  const hears = { log() {}, fail() {}, notify() {} };
  return { apiKey: KEY, config: '{}', awaitsConsent: false, survivingTexts_, pending: new Set(), ...hears };
}

/** Takes a client out of the page's register. */
export function forgotten(client) {
  const clients = globalThis.experimentInstances ?? {};
  for (const name of Object.keys(clients)) if (clients[name] === client) delete clients[name];
}
