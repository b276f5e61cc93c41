// The error type of the package: a code for machines, a sentence for people, and the cause.

/**
 * Why something failed. Codes are stable; messages may change.
 *
 * - `BAD_ARGUMENT`: an argument is of a type that the method does not take, or an address is empty; `field`
 *   names it. Constructors and `evaluate` throw it; other methods go on without the argument, and log the
 *   error once.
 * - `WASM_UNAVAILABLE`: the page cannot run WebAssembly (an old browser, or a Content-Security-Policy without
 *   `'wasm-unsafe-eval'`). Clients answer fallbacks.
 * - `WASM_TRAPPED`: the core broke five times within a minute. Clients answer fallbacks until the page is
 *   loaded again.
 * - `LOAD_FAILED`: `load` or `loadSync` could not load the core, or was given something else.
 * - `API_KEY_EMPTY`, `TIMEOUT`, `NETWORK`, `HTTP_STATUS`, `DECODE`, `CLOSED`: why a request failed. `start`
 *   and `fetch` reject with them when `throwOnError` is set.
 * - `PROVIDER_REFUSED`, `SERVER_REJECTED`, `TOO_LARGE`, `QUEUE_FULL`, `EXPIRED`: why an exposure was given
 *   up. No exposure is lost for another reason. In order: the provider refused it four times; the server
 *   rejected it; it is larger than the server takes; too many waited, and it was the oldest; no server took
 *   it in seven days.
 */
export type ExperimentErrorCode =
  | 'BAD_ARGUMENT'
  | 'WASM_UNAVAILABLE'
  | 'WASM_TRAPPED'
  | 'LOAD_FAILED'
  | 'API_KEY_EMPTY'
  | 'TIMEOUT'
  | 'NETWORK'
  | 'HTTP_STATUS'
  | 'DECODE'
  | 'CLOSED'
  | 'PROVIDER_REFUSED'
  | 'SERVER_REJECTED'
  | 'TOO_LARGE'
  | 'QUEUE_FULL'
  | 'EXPIRED';

/** The error of this package. Messages hold no key, no URL and nothing about the user. */
export class ExperimentError extends Error {
  /** Why it failed. */
  readonly code: ExperimentErrorCode;
  /** With `HTTP_STATUS`: the status of the answer. */
  readonly status?: number;
  /** The same as `status`, under the name that `@amplitude/experiment-js-client` has for it. */
  readonly statusCode?: number;
  /**
   * With `BAD_ARGUMENT`: the path of the argument, option or field of the user, for instance
   * `user.user_properties.plan`.
   */
  readonly field?: string;
  /** The error behind it: for `NETWORK` that of `fetch` or of the page's `httpClient`. */
  readonly cause?: unknown;

  /**
   * @param more `cause`: the error behind this one; `status`: the HTTP status; `field`: the path of what
   * cannot be used
   */
  constructor(
    code: ExperimentErrorCode,
    message: string,
    more?: { cause?: unknown; status?: number; field?: string },
  ) {
    super(message);
    this.name = 'ExperimentError';
    this.code = code;
    Object.assign(this, more, more?.status && { statusCode: more.status });
  }
}

/**
 * An error whose message ends in its code, so that a reader of the console can look it up.
 *
 * @param more for `HTTP_STATUS` the status, else the error behind it
 */
export function errorOf(what: string, code: ExperimentErrorCode, more?: any): ExperimentError {
  const status = code === 'HTTP_STATUS' && more;
  return new ExperimentError(
    code,
    `${what} (${code}${status ? ` ${status}` : ''})`,
    status ? { status } : more === undefined ? {} : { cause: more },
  );
}

/** The error of an argument, an option or a field of the user. */
export function badArgument(
  field: string,
  cause?: unknown,
  what = `${field} cannot be used as given`,
): ExperimentError {
  return Object.assign(errorOf(what, 'BAD_ARGUMENT', cause), { field });
}
