// The seam to the core: what crosses into wasm and back. JSON text goes both ways, so that lone surrogates survive.

import type { ExposureTrackingProvider } from './exposure.js';
import type { Logger } from './logger.js';
import type { HttpClient } from './transport.js';
import type { ExperimentUserProvider } from './user.js';

/** A promise of `start` or `fetch` that is not settled. Rust settles it; after a trap the next instance takes it up. */
export interface Open {
  resolve(): void;
  reject(error: unknown): void;
  request: string;
}

/** What a client is built from, at page load and again after a trap. It outlives every instance. */
export interface ClientSeed {
  apiKey: string;
  /** The plain options as JSON text. */
  config: string;
  exposureTrackingProvider?: ExposureTrackingProvider | ExposureTrackingProvider['track'];
  userProvider?: ExperimentUserProvider;
  httpClient?: HttpClient;
  logger: Logger;
  /** Text that an instance must be able to lose. Rust writes it, and reads it first. */
  kept: Map<string, string>;
  open: Map<number, Open>;
  notify(kind: 'variants' | 'flags' | 'user' | 'exposure' | 'error', detail?: string): void;
}

/** The key under which `kept` has the user. */
export const USER = 'user';

/** What the face asks of a client. `CoreClient` of the wasm has it, and {@link Fallback} while there is none. */
export interface ClientCore {
  start(user?: string): Promise<void>;
  stop(): void;
  close(): void;
  fetch(user?: string, options?: string): Promise<void>;
  /** Asks what nobody announces. True when answers may differ from now on. */
  refresh(): boolean;
  /** JSON of `{variant, source, keep}`. `keep`: the answer does not depend on the fallback. */
  variant(key: string, fallback: string | undefined, expose: boolean): string;
  exposure(key: string): void;
  all(): string;
  clear(): void;
  /** Only where the user is not in the seed's `kept` yet. */
  getUser?(): string | undefined;
  setUser(user?: string): void;
  setTracksAssignment(on: boolean): void;
}

/** What a delivery is built from. */
export interface DeliverySeed {
  apiKey: string;
  serverUrl: string;
  kept: Map<string, string>;
  logger: Logger;
}

/** What the face asks of a delivery. */
export interface DeliveryCore {
  track(event: string): void;
  flush(): void;
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
