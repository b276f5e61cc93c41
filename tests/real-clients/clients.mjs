// Runs where clients run, in Node and in pages: makes the clients that the tests talk to.

/**
 * Their pause after a 429, which nothing can set, in milliseconds; and the one here. A second is enough for
 * the server.
 */
const PAUSE = 30_000;
const SHORT_PAUSE = 1_200;

/**
 * Lays out what functions of the tests find: the SDK as `sdk`, and `start` for a client with these options.
 */
export function defineGlobals(sdk, init) {
  const wait = globalThis.setTimeout;
  globalThis.setTimeout = (fire, millis, ...given) =>
    wait(fire, millis === PAUSE ? SHORT_PAUSE : millis, ...given);
  const start = async ({ apiKey = 'shop-api-key', ...options }) => {
    const client = sdk.createInstance();
    await init(client, apiKey, { flushIntervalMillis: 50, logLevel: 0, ...options }).promise;
    return client;
  };
  Object.assign(globalThis, { sdk, start });
}
