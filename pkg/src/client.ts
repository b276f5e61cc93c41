// The client a page holds: checks what it is given, asks the core, and keeps answers. It decides nothing about variants or exposures.

import { Answers } from './answers.js';
import { type ClientCore, type ClientSeed, USER } from './boundary.js';
import { copyOptions, type ExperimentConfig, levelOf, plainOptions } from './config.js';
import { adopt, call, type Part, release } from './engine.js';
import { ExperimentError } from './error.js';
import { Fallback, fallbackOf } from './fallback.js';
import { leveled } from './logger.js';
import { forget } from './register.js';
import { toText } from './text.js';
import type { ExperimentUser, ExperimentUserProvider } from './user.js';
import type { Variant, Variants } from './variant.js';

/** What one `fetch` asks for. */
export type FetchOptions = {
  /** Only these flags: others keep the variants they have. Default: all flags. */
  flagKeys?: string[];
};

/** What a client can do. {@link ExperimentClient} is the one that does. */
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

/** A key that cannot cross plain: one that is not well formed, and one that would look quoted. */
const QUOTED = /^"|\p{Surrogate}/u;

/**
 * Fetches variants, evaluates flags, answers `variant()` and tells the exposure tracking provider what was met. Made by
 * `Experiment.initialize`.
 *
 * No method throws, whatever it is given: what cannot be used is logged once and a fallback is answered.
 */
export class ExperimentClient implements Client {
  private readonly seed_: ClientSeed;
  private readonly part_: Part<ClientCore>;
  private readonly answers_ = new Answers();
  private readonly complaints_ = new Set<string>();

  /**
   * @param apiKey the deployment key
   * @param config the options; see {@link ExperimentConfig}
   */
  constructor(apiKey: string, config?: ExperimentConfig) {
    const options = copyOptions(config);
    const { userProvider, httpClient, exposureTrackingProvider } = options;
    this.seed_ = {
      apiKey: typeof apiKey === 'string' ? apiKey : '',
      config: '',
      ...{ userProvider, httpClient, exposureTrackingProvider },
      logger: leveled(options.loggerProvider, levelOf(options)),
      kept: new Map(),
      open: new Map(),
      notify: (kind) => {
        if (kind !== 'exposure' && kind !== 'error') this.answers_.clear();
      },
    };
    this.seed_.config = plainOptions(options, this.lost_('the options'));
    this.part_ = adopt({ build: (core) => new core.CoreClient(this.seed_), standby: new Fallback(this.seed_) });
  }

  /**
   * Sets the user, gets the flags that are evaluated on the page, fetches variants unless `fetchOnStart` is off, and polls for flags from
   * then on unless `pollOnStart` is off. A client that runs already does nothing.
   *
   * @param user who is there; without one nobody is, until a user provider says so
   * @returns resolves when flags and variants are there. When a request fails it resolves all the same, unless `throwOnError` is set: then it
   * rejects with an {@link ExperimentError}
   */
  start(user?: ExperimentUser): Promise<void> {
    const text = this.object_(user, 'the user');
    return call(this.part_, (core) => core.start(text)).catch(rethrow);
  }

  /** Stops polling for flags. */
  stop(): void {
    call(this.part_, (core) => core.stop());
  }

  /**
   * Stops everything: no timer, request or listener is left, and `initialize` makes a new client. `variant()` goes on answering what is
   * known.
   */
  close(): void {
    call(this.part_, (core) => core.close());
    release(this.part_);
    forget(this);
  }

  /**
   * Fetches variants for the user and stores them. An answer that comes after the user changed, or after a later fetch was answered,
   * is not taken.
   *
   * @param user who variants are for; without one, who was set before
   * @returns resolves to this client when the answer is stored, or failed (see `throwOnError`)
   */
  fetch(user?: ExperimentUser, options?: FetchOptions): Promise<ExperimentClient> {
    const text = this.object_(user, 'the user');
    const asked = this.object_(options, 'the fetch options');
    return call(this.part_, (core) => core.fetch(text, asked)).then(() => this, rethrow);
  }

  /**
   * The variant of a flag: what was fetched or evaluated, else the fallback, else `initialVariants`, else `fallbackVariant`, else the flag's
   * default, else an empty object. Tells the exposure tracking provider that the variant was met, once, unless
   * `automaticExposureTracking` is off.
   *
   * The object is the same as long as the answer holds. Changing it changes nothing but what you see.
   *
   * @param key the flag's key
   * @param fallback what to answer when nothing was assigned: a variant, or a string that is key and value at once
   */
  variant(key: string, fallback?: string | Variant): Variant {
    this.begin_();
    return this.answers_.get(key) ?? this.ask_(key, fallback);
  }

  /**
   * Tells the exposure tracking provider that the flag's variant was met, once: for pages that set `automaticExposureTracking` to `false`
   * and know better when that is. A fallback is no exposure.
   */
  exposure(key: string): void {
    const crossing = this.key_(key);
    this.begin_();
    if (crossing) call(this.part_, (core) => core.exposure(crossing));
  }

  /** The variants of all flags, by key. Tells nobody. */
  all(): Variants {
    this.begin_();
    return JSON.parse(call(this.part_, (core) => core.all()));
  }

  /** Forgets the stored variants, here and in storage. */
  clear(): void {
    call(this.part_, (core) => core.clear());
  }

  /** A copy of the user as it was set, without what providers add; `undefined` when none is. */
  getUser(): ExperimentUser {
    const text = call(this.part_, (core) => (core.getUser ? core.getUser() : this.seed_.kept.get(USER)));
    return text && JSON.parse(text);
  }

  /**
   * Sets the user. Somebody else (another `user_id`; without one, another `device_id`) is not served the variants fetched for who was there
   * before: call `fetch` too. Flags that are evaluated on the page apply at once.
   */
  setUser(user?: ExperimentUser | null): void {
    const text = this.object_(user, 'the user');
    call(this.part_, (core) => core.setUser(text));
  }

  /** @deprecated Use the option `userProvider`. */
  getUserProvider(): ExperimentUserProvider {
    return this.seed_.userProvider as ExperimentUserProvider;
  }

  /** @deprecated Use the option `userProvider`. */
  setUserProvider(userProvider: ExperimentUserProvider): ExperimentClient {
    this.seed_.userProvider = userProvider;
    this.answers_.clear();
    this.refresh_();
    return this;
  }

  /** Whether fetches are tracked as assignments by the server, from now on and on later pages. Default: they are. */
  setTracksAssignment(doTrack: boolean): Promise<void> {
    call(this.part_, (core) => core.setTracksAssignment(!!doTrack));
    return Promise.resolve();
  }

  /** What nobody announces (the page's address, what a user provider says) is asked once per synchronous run. */
  private begin_(): void {
    if (this.answers_.begins()) this.refresh_();
  }

  private refresh_(): void {
    if (call(this.part_, (core) => core.refresh())) this.answers_.clear();
  }

  private ask_(key: string, fallback?: string | Variant): Variant {
    const { age } = this.answers_;
    const crossing = this.key_(key);
    const text = fallback == null ? undefined : this.fallback_(fallback);
    const { variant, source, keep } = JSON.parse(call(this.part_, (core) => core.variant(crossing, text, crossing !== '')));
    if (keep) this.answers_.keep(key, variant, age);
    return (source === 'fallback-inline' && fallbackOf(fallback)) || variant;
  }

  /** The key as it crosses; empty, which is no flag's, for what is no key. */
  private key_(key: unknown): string {
    if (typeof key !== 'string') {
      this.lost_('a flag key')(typeof key);
      return '';
    }
    return QUOTED.test(key) ? JSON.stringify(key) : key;
  }

  /** The page gets its own fallback back, so for one that JSON cannot hold an empty one crosses in its place. */
  private fallback_(fallback: unknown): string | undefined {
    return toText(fallback, this.lost_('a fallback')) ?? (fallbackOf(fallback) && '{}');
  }

  private object_(given: unknown, what: string): string | undefined {
    if (given == null) return;
    if (typeof given === 'object') return toText(given, this.lost_(what));
    this.lost_(what)(typeof given);
  }

  /** Says once what could not be used, or not whole. */
  private lost_(what: string): (cause: unknown) => void {
    return (cause) => {
      if (this.complaints_.has(what)) return;
      this.complaints_.add(what);
      const error = new ExperimentError('BAD_ARGUMENT', `${what} cannot be used as given`, { cause });
      this.seed_.logger.error(`[Experiment] ${error.message}`, error);
    };
  }
}

/** What the core rejects with, as the package's error. */
function rethrow(reason: any): never {
  throw new ExperimentError(reason?.code ?? 'NETWORK', reason?.message ?? 'the request failed', { status: reason?.status });
}
