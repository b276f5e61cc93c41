// The client that does nothing, for tests and for rendering on a server.

import type { Client, FetchOptions } from '../api/client.js';
import type { ExperimentUser, ExperimentUserProvider } from '../api/user.js';
import type { Variant, Variants } from '../api/variant.js';

/**
 * A {@link Client} that does nothing: no user, no variants, no requests. Every variant is an empty object,
 * whatever the fallback.
 */
export class StubExperimentClient implements Client {
  getUser(): ExperimentUser {
    return {};
  }
  async start(_user?: ExperimentUser): Promise<void> {}
  stop(): void {}
  setUser(_user: ExperimentUser): void {}
  async fetch(_user?: ExperimentUser, _options?: FetchOptions): Promise<StubExperimentClient> {
    return this;
  }
  /** `null`: there is none. */
  getUserProvider(): ExperimentUserProvider {
    return null as unknown as ExperimentUserProvider;
  }
  setUserProvider(_userProvider: ExperimentUserProvider): StubExperimentClient {
    return this;
  }
  variant(_key: string, _fallback?: string | Variant): Variant {
    return {};
  }
  all(): Variants {
    return {};
  }
  clear(): void {}
  exposure(_key: string): void {}
}
