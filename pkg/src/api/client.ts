// The client as pages see it: its methods, their options, and its events.

import type { ExperimentError } from './error.js';
import type { Exposure } from './exposure.js';
import type { ExperimentUser, ExperimentUserProvider } from './user.js';
import type { Variant, Variants } from './variant.js';

/** What one `fetch` asks for. */
export type FetchOptions = {
  /** The keys of the flags to fetch; other flags keep their variants. Default: all flags. */
  flagKeys?: string[];
};

/** What one `variant` asks for. */
export type VariantOptions = {
  /** Whether the exposure is tracked. Default: `true`. */
  expose?: boolean;
};

/** The events of `on`, with what a listener is given. */
export type ExperimentEvents = {
  /** Stored variants changed. */
  variants: void;
  /** The flags that are evaluated on the page changed. */
  flags: void;
  /** The user was set, so that flags may have other variants. */
  user: void;
  /** An exposure is tracked that was not tracked before. */
  exposure: Exposure;
  /**
   * A failure that no call of the page reports: of a request, an exposure that was given up, an argument that
   * cannot be used.
   */
  error: ExperimentError;
};

/** The methods of a client. {@link ExperimentClient} implements them; see there. */
export interface Client {
  /**
   * Sets the user, loads the flags that are evaluated on the page, fetches variants, and then polls for
   * flags.
   */
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
