// The client a page holds: checks what it is given, asks the core, and keeps answers. It decides nothing about variants or exposures.

import { LegacyAnalytics } from './legacy-analytics.js';
import { Answers } from './variant-cache.js';
import { attempt, isolated } from '../runtime/safe-call.js';
import { type ClientSeed, EXPOSE, EXPOSED, PEEK } from '../wasm/boundary.js';
import type { Client, ExperimentEvents, FetchOptions, VariantOptions } from '../api/client.js';
import { copyOptions, type ExperimentConfig, levelOf, plainOptions } from '../api/config.js';
import { type ConsentOptions, ConsentStatus } from '../api/consent.js';
import { erase, store, takeOver } from '../browser/client-storage.js';
import { type ExperimentError, failed, unusable } from '../api/error.js';
import type { ExposureTrackingProvider } from '../api/exposure.js';
import { fallbackOf } from './fallback.js';
import type { FlagEvaluationTrace } from '../api/flag.js';
import { Link } from './core-handle.js';
import { leveled, type Logger, say } from '../api/logger.js';
import { asked, type ExperimentPlugin, type IntegrationPlugin } from '../api/plugin.js';
import { forget } from './registry.js';
import { guard, makeRoom } from './stack-guard.js';
import { type Lost, toText } from '../runtime/json.js';
import type { ExperimentUser, ExperimentUserProvider } from '../api/user.js';
import type { Variant, Variants } from '../api/variant.js';

type Listener = (told: any) => void;

/** A key that cannot cross plain: one that is not well formed, and one that would look quoted. */
const QUOTED = /^"|\p{Surrogate}/u;

/** How many fields are complained of: pages can have any number of properties. */
const COMPLAINTS = 100;

/** Whether the methods are guarded that need room on the stack. It is done with the first client: a bundle that makes none leaves the class out. */
let isGuarded = false;

/** The methods by what they answer where there is no room. */
function guardMethods(): void {
  if (isGuarded) return;
  isGuarded = true;
  const methods = ExperimentClient.prototype;
  guard(methods, 'promise', 'start fetch setTracksAssignment');
  guard(methods, 'object', 'all getEvaluationTraces');
  guard(methods, 'this', 'setUserProvider');
  guard(methods, 'function', 'on');
  guard(methods, 'nothing', 'getUser setUser exposure clear reset stop close addPlugin setConsentStatus');
}

/**
 * Fetches variants, evaluates flags, answers `variant()` and tells the exposure tracking provider what was met. Made by
 * `Experiment.initialize`.
 *
 * No method throws, whatever it is given: what cannot be used is logged once and a fallback is answered.
 */
export class ExperimentClient implements Client {
  private readonly seed_: ClientSeed;
  private readonly link_: Link;
  private readonly logger_: Logger;
  private readonly options_: ExperimentConfig;
  private readonly consent_: ConsentOptions;
  private readonly answers_ = new Answers();
  private readonly complaints_ = new Set<string>();
  private readonly listeners_ = new Map<string, Set<Listener>>();
  /** Says once what could not be used, or not whole. */
  private readonly lost_: Lost = (field, cause) => {
    if (this.complaints_.size >= COMPLAINTS || this.complaints_.has(field)) return;
    this.complaints_.add(field);
    this.fail_(unusable(field, cause));
  };
  private readonly legacy_?: LegacyAnalytics;
  private plugin_?: IntegrationPlugin;
  private readonly hearNoMore_?: () => void;
  /** Who is there when nobody is: as in the reference, `undefined` until somebody was set, `null` after that. */
  private nobody_?: null;

  /**
   * @param apiKey the deployment key
   * @param config the options; see {@link ExperimentConfig}
   */
  constructor(apiKey: string, config?: ExperimentConfig) {
    makeRoom();
    guardMethods();
    const options = (this.options_ = copyOptions(config));
    this.logger_ = leveled(options.loggerProvider, levelOf(options));
    this.consent_ = options.consentOptions ?? { status: ConsentStatus.GRANTED };
    this.seed_ = this.seedOf_(typeof apiKey === 'string' ? apiKey : '');
    if (options.analyticsProvider) this.legacy_ = new LegacyAnalytics(options.analyticsProvider);
    if (this.is_(ConsentStatus.GRANTED) && !options.exposureTrackingProvider) takeOver(this.name_(), this.seed_.kept);
    this.link_ = new Link(this.seed_, options.userProvider, this.lost_);
    if (this.is_(ConsentStatus.REJECTED)) this.link_.forget();
    // The provider logs it itself.
    const provider = options.exposureTrackingProvider as ExposureTrackingProvider | undefined;
    const track = typeof provider === 'function' ? provider : attempt(() => provider?.track);
    if (provider && typeof track !== 'function') this.lost_('exposureTrackingProvider.track', typeof track);
    this.hearNoMore_ = attempt(() => provider?.onGivenUp?.((error) => this.tell_('error', error)));
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
    this.nobody_ = null;
    return this.request_(['serverUrl', 'flagsServerUrl'], user);
  }

  /** Stops polling for flags. */
  stop(): void {
    this.link_.call((core) => core.stop());
  }

  /**
   * Stops everything, for good: no timer, request or listener is left, and `initialize` makes a new client. `variant()` goes on answering
   * what is known, and tells nobody.
   */
  close(): void {
    this.unplug_();
    attempt(() => this.hearNoMore_?.());
    this.listeners_.clear();
    this.link_.release();
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
    return this.request_(['serverUrl'], user, this.object_(options, 'options')).then(() => this);
  }

  /**
   * The variant of a flag: what was fetched or evaluated, else the fallback, else `initialVariants`, else `fallbackVariant`, else the flag's
   * default, else an empty object. Tells the exposure tracking provider that the variant was met, once, unless
   * `automaticExposureTracking` is off.
   *
   * The object is the same as long as the answer holds, and a fallback that is an object is answered as it is. Changing an answer changes
   * nothing but what you see.
   *
   * @param key the flag's key
   * @param fallback what to answer when nothing was assigned: a variant, or a string that is key and value at once
   * @param options `expose: false` only looks at the variant
   */
  variant(key: string, fallback?: string | Variant, options?: VariantOptions): Variant {
    try {
      this.begin_();
      return this.answers_.get(key, fallback) ?? this.ask_(key, attempt(() => options?.expose) === false ? PEEK : EXPOSE, fallback);
    } catch {
      // There is no room on the stack for the answer, nor for a call that makes another.
      return typeof fallback === 'string' ? { key: fallback, value: fallback } : ((typeof fallback === 'object' && fallback) || {});
    }
  }

  /**
   * Tells the exposure tracking provider that the flag's variant was met, once: for pages that set `automaticExposureTracking` to `false`
   * and know better when that is. A fallback is no exposure.
   */
  exposure(key: string): void {
    this.begin_();
    this.ask_(key, EXPOSED);
  }

  /** The variants of all flags, by key. Tells nobody. */
  all(): Variants {
    this.begin_();
    return this.link_.all();
  }

  /**
   * How flags that are evaluated on the page come to their variants, by flag key: which segments were tried, and why they did not match.
   *
   * @param flagKeys only these flags and those they depend on; default: all
   */
  getEvaluationTraces(flagKeys?: string[]): Record<string, FlagEvaluationTrace> {
    this.begin_();
    const keys = this.object_(flagKeys, 'flagKeys');
    return JSON.parse(this.link_.call((core) => core.traces(keys)));
  }

  /** Forgets the stored variants, here and in storage. */
  clear(): void {
    this.link_.call((core) => core.clear());
  }

  /**
   * Somebody logs out: forgets the user and the stored variants. What they were exposed to is still delivered as theirs. Who is there now, a
   * user provider or `fetch` says.
   */
  reset(): void {
    this.clear();
    this.setUser(null);
  }

  /** A copy of the user as it was set, without what providers add; `undefined` or `null` when there is none. */
  getUser(): ExperimentUser {
    const text = this.link_.userText();
    return text ? JSON.parse(text) : (this.nobody_ as any);
  }

  /**
   * Sets the user. Somebody else (another `user_id`; without one, another `device_id`) is not served the variants fetched for who was there
   * before: call `fetch` too. Flags that are evaluated on the page apply at once.
   */
  setUser(user?: ExperimentUser | null): void {
    const text = this.object_(user, 'user');
    this.nobody_ = null;
    this.link_.call((core) => core.setUser(text));
  }

  /** @deprecated Use the option `userProvider`. */
  getUserProvider(): ExperimentUserProvider {
    return this.link_.says[0] as ExperimentUserProvider;
  }

  /** @deprecated Use the option `userProvider`. */
  setUserProvider(userProvider: ExperimentUserProvider): ExperimentClient {
    this.link_.says[0] = userProvider;
    this.answers_.clear();
    this.refresh_();
    return this;
  }

  /** Whether fetches are tracked as assignments by the server, from now on and on later pages. Default: they are. */
  setTracksAssignment(doTrack: boolean): Promise<void> {
    this.link_.call((core) => core.setTracksAssignment(!!doTrack));
    return Promise.resolve();
  }

  /** Adds an integration with analytics, in the place of the one before: see {@link IntegrationPlugin}. Other plugins are not used. */
  addPlugin(plugin: ExperimentPlugin | IntegrationPlugin): void {
    if (attempt(() => plugin.type) !== 'integration' || this.is_(ConsentStatus.REJECTED)) return;
    this.unplug_();
    const own = (this.plugin_ = this.link_.says[1] = plugin as IntegrationPlugin);
    this.answers_.clear();
    this.seed_.plugin = { track: (_, event) => (own.track(asked(event)) ? undefined : false) };
    this.link_.integrate(false);
    const ready = () => this.plugin_ === own && this.link_.integrate(true);
    const setup = attempt(() => own.setup?.(this.options_, this));
    if (setup) Promise.resolve(setup).then(ready, ready);
    else ready();
  }

  /**
   * Calls `listener` whenever something happens: see {@link ExperimentEvents}. What it throws goes to the console.
   *
   * @returns call it to listen no more
   */
  on<E extends keyof ExperimentEvents>(event: E, listener: (told: ExperimentEvents[E]) => void): () => void {
    const listeners = this.listeners_.get(event) ?? new Set();
    this.listeners_.set(event, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  /**
   * The visitor said what they want: see {@link ConsentStatus}. Granted, what was kept in memory is stored and the exposures that waited are
   * told. Rejected, all of it is deleted, with what was ever stored, and the client does nothing more until it is granted.
   */
  setConsentStatus(status: ConsentStatus): void {
    const before = this.consent_.status;
    if (status === before) return;
    this.consent_.status = status;
    this.seed_.isHeld = status === ConsentStatus.PENDING;
    this.answers_.clear();
    if (status === ConsentStatus.REJECTED) return this.reject_();
    if (status === ConsentStatus.GRANTED) store(this.seed_.kept);
    if (before === ConsentStatus.REJECTED) this.link_.adopt();
    else this.link_.rebuild();
  }

  /** An address that is empty, as a variable is that was not set, is nobody's: Amplitude's servers least of all. */
  private request_(addresses: Array<'serverUrl' | 'flagsServerUrl'>, user?: ExperimentUser, options?: string): Promise<void> {
    const text = this.object_(user, 'user');
    const field = addresses.find((name) => this.options_[name]?.trim?.() === '');
    if (!field) return this.link_.request(addresses.length > 1, text, options);
    this.lost_(field, this.options_[field]);
    if (text) this.link_.call((core) => core.setUser(text));
    return this.options_.throwOnError ? Promise.reject(unusable(field)) : Promise.resolve();
  }

  private reject_(): void {
    this.unplug_();
    this.link_.forget();
    this.seed_.kept.clear();
    erase(this.name_(), this.seed_.apiKey);
    this.tell_('variants');
  }

  private unplug_(): void {
    const plugin = this.plugin_;
    this.plugin_ = this.link_.says[1] = undefined;
    void attempt(() => plugin?.teardown?.()?.catch(() => {}));
  }

  private is_(status: ConsentStatus): boolean {
    return this.consent_.status === status;
  }

  private name_(): string {
    return this.options_.instanceName ?? '$default_instance';
  }

  private seedOf_(apiKey: string): ClientSeed {
    const { initialFlags, httpClient, exposureTrackingProvider } = this.options_;
    return {
      apiKey,
      config: plainOptions(this.options_, this.lost_),
      isHeld: this.is_(ConsentStatus.PENDING),
      ...{ initialFlags, httpClient, exposureTrackingProvider },
      kept: new Map(),
      pending: new Set(),
      open: new Map(),
      log: (level, sentence, code, more) => {
        if (code === 'BAD_ARGUMENT') return this.lost_(sentence, more);
        const error = code && failed(sentence, code, more);
        if (error && level === 1) this.fail_(error);
        else say(this.logger_, level, error?.message ?? sentence);
      },
      fail: (error) => this.fail_(error),
      notify: (kind: keyof ExperimentEvents | 'user', told?: any, cause?: unknown) => {
        if (kind === 'error') this.fail_(failed('an exposure was given up', told, cause));
        else {
          if (kind !== 'exposure') this.answers_.clear();
          this.tell_(kind, told);
        }
      },
    };
  }

  private fail_(error: ExperimentError): void {
    say(this.logger_, 1, error.message, error);
    const tell = () => this.tell_('error', error);
    // Of what fails while the client is made, those hear who listen right after.
    if (this.listeners_.has('error')) tell();
    else void Promise.resolve().then(tell);
  }

  private tell_(kind: string, told?: unknown): void {
    this.listeners_.get(kind)?.forEach((listener) => isolated(() => listener(told)));
  }

  /** What nobody announces (the page's address, what a user provider says) is asked once per synchronous run. */
  private begin_(): void {
    if (!this.answers_.begins()) return;
    try {
      this.refresh_();
    } catch (error) {
      // No room on the stack: the next call asks again.
      this.answers_.end();
      throw error;
    }
  }

  private refresh_(): void {
    if (this.link_.refresh()) this.answers_.clear();
  }

  private ask_(key: string, expose: number, fallback?: string | Variant): Variant {
    const { age } = this.answers_;
    const crossing = this.key_(key);
    const text = fallback == null ? undefined : this.fallback_(fallback);
    const said = this.link_.call((core) => core.variant(crossing ?? '', text, crossing === undefined ? PEEK : expose));
    const { variant, source, keep, isDefault } = JSON.parse(said);
    const given = source === 'fallback-inline' && typeof fallback === 'object' && fallbackOf(fallback);
    const answer = given || this.answers_.shown(said + crossing, variant, age);
    if (keep && expose === EXPOSE) this.answers_.keep(key, answer, isDefault, age);
    if (this.legacy_ && crossing !== undefined) this.met_(key, variant, source, expose);
    this.logger_.debug(`[Experiment] variant for ${crossing} is ${variant.key || variant.value}`);
    return answer;
  }

  /** Tells the deprecated analytics provider. */
  private met_(key: string, variant: Variant, source: string, expose: number): void {
    const tells = expose === EXPOSED || (expose === EXPOSE && this.options_.automaticExposureTracking !== false);
    if (tells && (variant.metadata?.trackExposure ?? true)) this.legacy_?.met(key, variant, source, () => this.link_.user());
  }

  /** The key as it crosses; nothing for what is no key. */
  private key_(key: unknown): string | undefined {
    if (typeof key !== 'string') return void this.lost_('key', typeof key);
    return QUOTED.test(key) ? JSON.stringify(key) : key;
  }

  /** The page gets its own fallback back, so for one that JSON cannot hold an empty one crosses in its place. */
  private fallback_(fallback: unknown): string | undefined {
    return toText(fallback, this.lost_, 'fallback') ?? (fallbackOf(fallback) && '{}');
  }

  private object_(given: unknown, field: string): string | undefined {
    if (given == null) return;
    if (typeof given === 'object') return toText(given, this.lost_, field);
    this.lost_(field, typeof given);
  }
}
