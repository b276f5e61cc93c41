// Calls that may throw: of the page's code, and of what a browser may refuse.

/** The result of `call`; `undefined` where it throws. */
export function attempt<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch {
    return undefined;
  }
}

/**
 * Calls code of the page, for instance a listener. Exceptions go to the console. (In the reference they stop
 * the caller.)
 */
export function callSafely(call: () => void): void {
  try {
    call();
  } catch (error) {
    attempt(() => console.error(error));
  }
}
