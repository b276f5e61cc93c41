// The client as pages see it: its methods, their options, and the events it tells of.

import type { ExperimentError } from './error.js';
import type { Exposure } from './exposure.js';
import type { ExperimentUser, ExperimentUserProvider } from './user.js';
import type { Variant, Variants } from './variant.js';

/** What one `fetch` asks for. */
export type FetchOptions = {
  /** Only these flags: others keep the variants they have. Default: all flags. */
  flagKeys?: string[];
};

/** What one `variant` asks for. */
export type VariantOptions = {
  /** Whether the variant is met, so that its exposure is tracked. `false`: it is only looked at. Default: `true`. */
  expose?: boolean;
};

/** What `on` tells of, and what a listener is given. */
export type ExperimentEvents = {
  /** Stored variants changed. */
  variants: void;
  /** The flags that are evaluated on the page changed. */
  flags: void;
  /** The user was set: other variants may be answered, by flags that are evaluated on the page, or because somebody else is there. */
  user: void;
  /** An exposure that was not told before is being told. */
  exposure: Exposure;
  /** Something failed that no call of the page reports: a request, an exposure that was given up, an argument that cannot be used. */
  error: ExperimentError;
};

/** What a client can do. `ExperimentClient` is the one that does. */
export interface Client {
  /** Sets the user, gets the flags to evaluate on the page, fetches variants and goes on polling for flags. */
  start(user?: ExperimentUser): Promise<void>;
  stop(): void;
  fetch(user?: ExperimentUser, options?: FetchOptions): Promise<Client>;
  variant(key: string, fallback?: string | Variant): Variant;
  all(): Variants;
  clear(): void;
  exposure(key: string): void;
  getUser(): ExperimentUser;
  setUser(user: ExperimentUser): void;
  /** @deprecated Use the option `userProvider`. */
  getUserProvider(): ExperimentUserProvider;
  /** @deprecated Use the option `userProvider`. */
  setUserProvider(userProvider: ExperimentUserProvider): Client;
}
