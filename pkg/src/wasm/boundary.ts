// The boundary to the core: the types of what crosses into wasm and back. Values cross as JSON text, which keeps lone surrogates.

import type { ExperimentError, ExperimentErrorCode } from '../api/error.js';
import type { Exposure, ExposureTrackingProvider } from '../api/exposure.js';
import type { HttpClient } from '../api/http-client.js';
import type { Variant } from '../api/variant.js';

/** A call of `start` or `fetch` that is not settled. After a trap the next instance gets it again. */
export interface PendingRequest {
  resolve(): void;
  /** `more`: for `HTTP_STATUS` the status, for `NETWORK` the exception of the request. */
  reject(code: ExperimentErrorCode, more?: unknown): void;
  readonly isStart: boolean;
  readonly options?: string;
  /** Whether it waits for the first instance. */
  isQueued?: boolean;
}

/** What a client is built from, at page load and again after a trap. It survives the instances. */
export interface ClientSeed {
  readonly apiKey: string;
  /** The options as JSON text, without the flags. */
  readonly config: string;
  readonly initialFlags?: string;
  /** Whether consent is not given yet: the core stores nothing and tracks nothing. */
  isHeld: boolean;
  exposureTrackingProvider?: ExposureTrackingProvider | ExposureTrackingProvider['track'];
  /** The integration plugin, in the form of a provider. */
  plugin?: ExposureTrackingProvider;
  httpClient?: HttpClient;
  /** Texts that survive a trap, by their storage keys. The core writes them, and reads them before storage. */
  readonly kept: Map<string, string>;
  /** The calls that are not settled; and the same by the instance's numbers. */
  readonly pending: Set<PendingRequest>;
  readonly open: Map<number, PendingRequest>;
  /** With `BAD_ARGUMENT`, `sentence` is the path of the field. `more` as in {@link PendingRequest.reject}. */
  log(level: number, sentence: string, code?: ExperimentErrorCode, more?: unknown): void;
  /** Reports an error that no call returns. */
  fail(error: ExperimentError): void;
  notify(kind: 'variants' | 'flags' | 'user'): void;
  notify(kind: 'exposure', exposure: Exposure): void;
  /** An exposure was given up. `cause`: the last exception of the provider, if there was one. */
  notify(kind: 'error', code: ExperimentErrorCode, cause?: unknown): void;
}

/** The key of the user in `kept`. */
export const USER = 'user';

/** Whether a call of `variant` tracks the exposure: no; unless `automaticExposureTracking` is off; yes. */
export const PEEK = 0;
export const EXPOSE = 1;
export const EXPOSED = 2;

/** The variant of a flag that is evaluated here: `[number, key, variant]` the first time, then the number. */
export type Decided = number | [number: number, key: string, variant: Variant];

/** A client of the core: `CoreClient` of the wasm, or {@link Fallback} while there is no instance. */
export interface ClientCore {
  start(user: string | undefined, open: PendingRequest, again: boolean): void;
  stop(): void;
  close(): void;
  fetch(user: string | undefined, options: string | undefined, open: PendingRequest): void;
  /** The fields of the user from providers, as JSON, and the page's address. */
  setContext(provided: string, url?: string): void;
  /** Announces a plugin. Until it is ready, fetches wait. */
  integrate(isReady: boolean): void;
  /** JSON of `{variant, source, keep, isDefault}`. `keep`: it may be cached; `isDefault`: a fallback would replace it. */
  variant(key: string, fallback: string | undefined, expose: number): string;
  /** JSON of `[second, first, decided…]`: variants by flag key of both sources, and over them a {@link Decided} for each flag evaluated here. */
  all(): string;
  traces(keys?: string): string;
  clear(): void;
  /** Only while the user is not in `kept`. */
  getUser?(): string | undefined;
  setUser(user?: string): void;
  setTracksAssignment(on: boolean): void;
  /** Frees it, with its timers. */
  free?(): void;
}

/** What a delivery is built from. */
export interface DeliverySeed {
  apiKey: string;
  serverUrl: string;
  kept: Map<string, string>;
  log: ClientSeed['log'];
  notify: ClientSeed['notify'];
}

/** A delivery of the core. */
export interface DeliveryCore {
  /** Returns `false` if storage has no room for the event. */
  track(event: string): boolean | undefined;
  /** Sends what waits: the page is being left, or, with `isOnline`, the network is back. */
  flush(isOnline: boolean): void;
  close(): void;
}

/**
 * What comes back to a machine: a number of `News`, the id of the request or exposure, and of a response the status, the body, and the
 * milliseconds that the server asks to wait, or no number.
 */
export type Hear = (news: number, id: number, status: number, body: string, retryAfter: number) => void;

/** A machine of the core, which hears of answers and of its timer. */
export interface Driven {
  hear: Hear;
}

/** Bytes or a compiled module. */
export type WasmSource = BufferSource | WebAssembly.Module;
