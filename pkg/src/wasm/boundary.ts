// The seam to the core: what crosses into wasm and back. JSON text goes both ways, so that lone surrogates survive.

import type { ExperimentError, ExperimentErrorCode } from '../api/error.js';
import type { Exposure, ExposureTrackingProvider } from '../api/exposure.js';
import type { HttpClient } from '../api/http-client.js';
import type { Variant } from '../api/variant.js';

/** A promise of `start` or `fetch` that is not settled. After a trap the next instance is asked again. */
export interface Open {
  resolve(): void;
  /** `more`: for `HTTP_STATUS` the status, for `NETWORK` what was thrown in place of an answer. */
  reject(code: ExperimentErrorCode, more?: unknown): void;
  readonly isStart: boolean;
  readonly options?: string;
  /** It waits for the first instance. */
  isQueued?: boolean;
}

/** What a client is built from, at page load and again after a trap. It outlives every instance. */
export interface ClientSeed {
  readonly apiKey: string;
  /** The plain options as JSON text, without the flags. */
  readonly config: string;
  readonly initialFlags?: string;
  /** Nothing is stored and nobody is told: the visitor has not consented yet. */
  isHeld: boolean;
  exposureTrackingProvider?: ExposureTrackingProvider | ExposureTrackingProvider['track'];
  /** The integration plugin, in the form of a provider. */
  plugin?: ExposureTrackingProvider;
  httpClient?: HttpClient;
  /** Text that an instance must be able to lose. Rust writes it, and reads it first. */
  readonly kept: Map<string, string>;
  /** What is not settled; the same by the instance's own numbers. */
  readonly pending: Set<Open>;
  readonly open: Map<number, Open>;
  /** With `BAD_ARGUMENT`, `sentence` is the field. `more` as in {@link Open.reject}. */
  log(level: number, sentence: string, code?: ExperimentErrorCode, more?: unknown): void;
  /** Something broke that is nobody's call. */
  fail(error: ExperimentError): void;
  notify(kind: 'variants' | 'flags' | 'user'): void;
  notify(kind: 'exposure', exposure: Exposure): void;
  /** An exposure was given up. `cause`: what the provider threw last, where it did. */
  notify(kind: 'error', code: ExperimentErrorCode, cause?: unknown): void;
}

/** The key under which `kept` has the user. */
export const USER = 'user';

/** Whether asking for a variant means meeting it: not, unless `automaticExposureTracking` is off, or in any case. */
export const PEEK = 0;
export const EXPOSE = 1;
export const EXPOSED = 2;

/** The answer of a flag that is evaluated here: a number, or the first time all of `[number, key, variant]`. */
export type Decided = number | [number: number, key: string, variant: Variant];

/** What the face asks of a client. `CoreClient` of the wasm has it, and {@link Fallback} while there is none. */
export interface ClientCore {
  start(user: string | undefined, open: Open, again: boolean): void;
  stop(): void;
  close(): void;
  fetch(user: string | undefined, options: string | undefined, open: Open): void;
  /** What others say of the user, and the page's address. */
  setContext(provided: string, url?: string): void;
  /** There is a plugin. Until it is ready, fetches wait. */
  integrate(isReady: boolean): void;
  /** JSON of `{variant, source, keep, isDefault}`. `keep`: the answer holds until something changes; `isDefault`: but for a fallback. */
  variant(key: string, fallback: string | undefined, expose: number): string;
  /** JSON of `[second, first, decided…]`: variants by flag key of either source, and over them a {@link Decided} for each flag evaluated here. */
  all(): string;
  traces(keys?: string): string;
  clear(): void;
  /** Only where the user is not in the seed's `kept` yet. */
  getUser?(): string | undefined;
  setUser(user?: string): void;
  setTracksAssignment(on: boolean): void;
  /** Takes it out of the instance, timers and all. */
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

/** What the face asks of a delivery. */
export interface DeliveryCore {
  /** `false`: storage has no room for the event. */
  track(event: string): boolean | undefined;
  /** The page is about to go, or the network is back. */
  flush(isOnline: boolean): void;
  close(): void;
}

/** One instance of the wasm. */
export interface Core {
  CoreClient: new (seed: ClientSeed) => ClientCore;
  CoreDelivery: new (seed: DeliverySeed) => DeliveryCore;
  /** Switches the instance off: its callbacks do nothing any more, its methods throw. */
  retire(): void;
}

/** Bytes or a compiled module. */
export type WasmSource = BufferSource | WebAssembly.Module;
