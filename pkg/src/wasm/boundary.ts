// The boundary to the core: the types of what crosses into wasm and back. Values cross as JSON text, which
// keeps lone surrogates.

import type { Variant } from '../api/variant.js';
import type { Callback, Host } from './host.js';
import type { PendingRequest } from './pending-request.js';

/** The key of the user in `survivingTexts_`. */
export const USER = 'user';

/** Whether a call of `variant` tracks the exposure: no; unless `automaticExposureTracking` is off; yes. */
export const PEEK = 0;
export const EXPOSE = 1;
export const EXPOSED = 2;

/** The variant of a flag that is evaluated here: `[number, key, variant]` the first time, then the number. */
export type Decided = number | [number: number, key: string, variant: Variant];

/** A client of the core: `CoreClient` of the wasm, or {@link Fallback} while there is no instance. */
export interface ClientCore {
  start(user: string | undefined, request: PendingRequest, again: boolean): void;
  stop(): void;
  close(): void;
  fetch(user: string | undefined, options: string | undefined, request: PendingRequest): void;
  /** The fields of the user from providers, as JSON, and the page's address. */
  setContext(provided: string, url?: string): void;
  /** Announces a plugin. Until it is ready, fetches wait. */
  integrate(isReady: boolean): void;
  /**
   * JSON of `{variant, source, isCacheable, hasDefault}`. `isCacheable`: it holds until something changes.
   * `hasDefault`: the user has the default variant, which a fallback replaces.
   */
  variant(key: string, fallback: string | undefined, expose: number): string;
  /**
   * JSON of `[second, first, decided…]`: variants by flag key of both sources, and over them a {@link
   * Decided} for each flag evaluated here.
   */
  all(): string;
  traces(keys?: string): string;
  clear(): void;
  /** Only while the user is not in `survivingTexts_`. */
  getUser?(): string | undefined;
  setUser(user?: string): void;
  setTracksAssignment(on: boolean): void;
  /** Frees it, with its timers. */
  free?(): void;
}

/** A delivery of the core. */
export interface DeliveryCore {
  /** Returns `false` if storage has no room for the event. */
  track(event: string): boolean | undefined;
  /** Sends what waits: the page is being left, or, with `isOnline`, the network is back. */
  flush(isOnline: boolean): void;
  close(): void;
}

/** A machine of the core that a {@link Host} drives: it gets results, and is told of its time. */
export interface Driven {
  handleCallback_: Callback;
}

/** An instance of the wasm. */
export interface Core {
  CoreClient: new (host: Host) => ClientCore & Driven;
  CoreDelivery: new (host: Host) => DeliveryCore & Driven;
  /** Switches the instance off: its callbacks do nothing, its methods throw. */
  retire(): void;
}

/** Bytes or a compiled module. */
export type WasmSource = BufferSource | WebAssembly.Module;
