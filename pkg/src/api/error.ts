// The one error type of the package: what went wrong as a code for machines, a sentence for people, and the cause.

/**
 * Why something failed. Stable: code may compare against it, messages may change.
 *
 * - `BAD_ARGUMENT`: an argument has a type the method does not take, or an address is empty; `field` says which. Only constructors and
 *   `evaluate` throw it; every other method goes on without what cannot be used, and logs it once.
 * - `WASM_UNAVAILABLE`: the page cannot run WebAssembly (none there, or a Content-Security-Policy without `'wasm-unsafe-eval'`). Clients
 *   answer fallbacks.
 * - `WASM_TRAPPED`: the core broke five times within a minute. Clients answer fallbacks until the page is loaded again.
 * - `LOAD_FAILED`: `load` or `loadSync` was given something that is no core.
 * - `API_KEY_EMPTY`, `TIMEOUT`, `NETWORK`, `HTTP_STATUS`, `DECODE`, `CLOSED`: why a request came to nothing. `start` and `fetch` reject with
 *   them when `throwOnError` is set.
 * - `PROVIDER_REFUSED`, `SERVER_REJECTED`, `TOO_LARGE`, `QUEUE_FULL`, `EXPIRED`: why an exposure was given up; nothing else loses one. The
 *   provider refused it four times; the server rejected it; it alone is larger than the server takes; too many waited, and it was the oldest;
 *   no server took it in seven days.
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

/** Every error of this package. The message never holds a key, a URL or anything about the user. */
export class ExperimentError extends Error {
  /** What went wrong, for machines. */
  readonly code: ExperimentErrorCode;
  /** The HTTP status, where a server answered with one (`HTTP_STATUS`). */
  readonly status?: number;
  /** The same, by the name that `@amplitude/experiment-js-client` has for it. */
  readonly statusCode?: number;
  /** The argument, option or field of the user that cannot be used, for instance `user.user_properties.plan` (`BAD_ARGUMENT`). */
  readonly field?: string;
  /** What was behind it, when another error was: for `NETWORK` what `fetch` or the page's `httpClient` threw. */
  readonly cause?: unknown;

  /** @param more `cause`: the error behind this one; `status`: the HTTP status of the answer; `field`: what cannot be used */
  constructor(code: ExperimentErrorCode, message: string, more?: { cause?: unknown; status?: number; field?: string }) {
    super(message);
    this.name = 'ExperimentError';
    this.code = code;
    Object.assign(this, more, more?.status && { statusCode: more.status });
  }
}

/**
 * The error of this code: each says it, so that who reads a console can look it up.
 *
 * @param more for `HTTP_STATUS` the status, else the error behind it
 */
export function failed(what: string, code: ExperimentErrorCode, more?: any): ExperimentError {
  const status = code === 'HTTP_STATUS' && more;
  return new ExperimentError(code, `${what} (${code}${status ? ` ${status}` : ''})`, status ? { status } : more === undefined ? {} : { cause: more });
}

/** The error of an argument, an option or a field of the user. */
export function unusable(field: string, cause?: unknown, what = `${field} cannot be used as given`): ExperimentError {
  return Object.assign(failed(what, 'BAD_ARGUMENT', cause), { field });
}
