// The client that a page holds: it checks arguments, asks the core and caches answers. Variants and exposures
// are decided by the core.

import type { Client, ExperimentEvents, FetchOptions, VariantOptions } from '../api/client.js';
import { copyOptions, type ExperimentConfig, levelOf, plainOptions } from '../api/config.js';
import { type ConsentOptions, ConsentStatus } from '../api/consent.js';
import { badArgument, type ExperimentError, errorOf } from '../api/error.js';
import type { ExposureTrackingProvider } from '../api/exposure.js';
import type { FlagEvaluationTrace } from '../api/flag.js';
import { filteredLogger, type Logger, logAt } from '../api/logger.js';
import { type ExperimentPlugin, type IntegrationPlugin, toPluginEvent } from '../api/plugin.js';
import type { ExperimentUser, ExperimentUserProvider } from '../api/user.js';
import type { Variant, Variants } from '../api/variant.js';
import { eraseStored, importUnsent, storeSurviving } from '../browser/client-storage.js';
import { attempt, callSafely } from '../runtime/safe-call.js';
import { EXPOSE, EXPOSED, PEEK } from '../wasm/boundary.js';
import type { ClientInit } from '../wasm/init.js';
import { ArgumentEncoder } from './argument-encoder.js';
import { CoreHandle } from './core-handle.js';
import { fallbackOf } from './fallback.js';
import { LegacyAnalytics } from './legacy-analytics.js';
import { unregister } from './registry.js';
import { deferWithoutStack, ensureStack } from './stack-guard.js';
import { VariantCache } from './variant-cache.js';

/** The methods that need room on the stack, by what they return where there is none. */
const METHODS = {
  promise: 'start fetch setTracksAssignment',
  object: 'all getEvaluationTraces',
  this: 'setUserProvider',
  function: 'on',
  nothing: 'getUser setUser exposure clear reset stop close addPlugin setConsentStatus',
};

/**
 * Fetches variants, evaluates flags and tracks exposures. Made by `Experiment.initialize`.
 *
 * No method throws. An argument that cannot be used is logged once, and the method goes on without it.
 */
export class ExperimentClient implements Client {
  private readonly init_: ClientInit;
  private readonly core_: CoreHandle;
  private readonly logger_: Logger;
  private readonly options_: ExperimentConfig;
  private readonly consent_: ConsentOptions;
  private readonly cache_ = new VariantCache();
  private readonly listeners_ = new Map<string, Set<(detail: any) => void>>();
  private readonly arguments_ = new ArgumentEncoder((error) => this.reportError_(error));
  private readonly legacy_?: LegacyAnalytics;
  private plugin_?: IntegrationPlugin;
  private readonly unsubscribe_?: () => void;
  /** The answer of `getUser` without a user: `undefined` at first, later `null`, as in the reference. */
  private noUser_?: null;

  /**
   * @param apiKey the deployment key
   * @param config the options; see {@link ExperimentConfig}
   */
  constructor(apiKey: string, config?: ExperimentConfig) {
    ensureStack();
    // Here and not at import, which would keep the class in bundles that make no client.
    deferWithoutStack(ExperimentClient.prototype, METHODS);
    const options = (this.options_ = copyOptions(config));
    this.logger_ = filteredLogger(options.loggerProvider, levelOf(options));
    this.consent_ = options.consentOptions ?? { status: ConsentStatus.GRANTED };
    this.init_ = this.initOf_(typeof apiKey === 'string' ? apiKey : '');
    if (options.analyticsProvider) this.legacy_ = new LegacyAnalytics(options.analyticsProvider);
    if (this.hasConsent_(ConsentStatus.GRANTED) && !options.exposureTrackingProvider)
      importUnsent(this.instanceName_(), this.init_.survivingTexts_);
    this.core_ = new CoreHandle(this.init_, options.userProvider, this.arguments_.onUnusable_);
    if (this.hasConsent_(ConsentStatus.REJECTED)) this.core_.forget_();
    // The provider itself logs what it gives up.
    const provider = options.exposureTrackingProvider as ExposureTrackingProvider | undefined;
    const track = typeof provider === 'function' ? provider : attempt(() => provider?.track);
    if (provider && typeof track !== 'function')
      this.arguments_.onUnusable_('exposureTrackingProvider.track', typeof track);
    this.unsubscribe_ = attempt(() => provider?.onGivenUp?.((error) => this.emit_('error', error)));
  }

  /**
   * Sets the user, loads the flags that are evaluated on the page, fetches variants unless `fetchOnStart` is
   * off, and then polls for flags unless `pollOnStart` is off. On a client that is started it does nothing.
   *
   * @param user the user. Without one, the user is what a user provider or plugin says
   * @returns a promise that resolves when flags and variants are there. When a request fails it resolves as
   * well, unless `throwOnError` is set: then it rejects with an {@link ExperimentError}
   */
  start(user?: ExperimentUser): Promise<void> {
    this.noUser_ = null;
    return this.request_(['serverUrl', 'flagsServerUrl'], user);
  }

  /** Stops polling for flags. */
  stop(): void {
    this.core_.call_((core) => core.stop());
  }

  /**
   * Ends the client for good: no timer, request or listener is left, and `initialize` makes a new client.
   * `variant()` still answers, from what is stored, and tracks nothing.
   */
  close(): void {
    this.removePlugin_();
    attempt(() => this.unsubscribe_?.());
    this.listeners_.clear();
    this.core_.release_();
    unregister(this);
  }

  /**
   * Fetches variants for the user and stores them. An answer is discarded if the user changed meanwhile, or
   * if a later fetch was answered before.
   *
   * @param user the user. Without one, the user that was set before
   * @param options see {@link FetchOptions}
   * @returns a promise of this client. It resolves when the answer is stored, and when the request fails,
   * unless `throwOnError` is set: then it rejects with an {@link ExperimentError}
   */
  fetch(user?: ExperimentUser, options?: FetchOptions): Promise<ExperimentClient> {
    return this.request_(['serverUrl'], user, this.arguments_.object_(options, 'options')).then(() => this);
  }

  /**
   * The variant of a flag: the fetched or evaluated one, else `fallback`, else the one of `initialVariants`,
   * else `fallbackVariant`, else the flag's default, else an empty object. Tracks the exposure, once, unless
   * `automaticExposureTracking` is off.
   *
   * The same answer is the same object. A `fallback` that is an object is answered as it is. Changes that you
   * make to an answer stay in that object.
   *
   * @param key the flag's key
   * @param fallback the answer where no variant was assigned: a variant, or a string that is both its key and
   * its value
   * @param options `expose: false` tracks no exposure
   */
  variant(key: string, fallback?: string | Variant, options?: VariantOptions): Variant {
    try {
      this.beginRun_();
      return (
        this.cache_.get_(key, fallback) ??
        this.answer_(key, attempt(() => options?.expose) === false ? PEEK : EXPOSE, fallback)
      );
    } catch {
      // The stack has no room for a call, neither to the core nor to a function that builds the answer.
      return typeof fallback === 'string'
        ? { key: fallback, value: fallback }
        : (typeof fallback === 'object' && fallback) || {};
    }
  }

  /**
   * Tracks the exposure of the flag's variant, once: for pages that set `automaticExposureTracking` to
   * `false`. A fallback is no exposure.
   *
   * @param key the flag's key
   */
  exposure(key: string): void {
    this.beginRun_();
    this.answer_(key, EXPOSED);
  }

  /** The variants of all flags, by key. Tracks no exposure. */
  all(): Variants {
    this.beginRun_();
    return this.core_.all_();
  }

  /**
   * How the flags that are evaluated on the page get their variants, by flag key: the segments that were
   * tried, and why each did or did not match.
   *
   * @param flagKeys only these flags and those they depend on; default: all
   */
  getEvaluationTraces(flagKeys?: string[]): Record<string, FlagEvaluationTrace> {
    this.beginRun_();
    const keys = this.arguments_.object_(flagKeys, 'flagKeys');
    return JSON.parse(this.core_.call_((core) => core.traces(keys)));
  }

  /** Deletes the stored variants, in memory and in storage. */
  clear(): void {
    this.core_.call_((core) => core.clear());
  }

  /**
   * For a log-out: deletes the user and the stored variants. Exposures of before are still delivered, as that
   * user's. The next user comes from `fetch`, `setUser` or a user provider.
   */
  reset(): void {
    this.clear();
    this.setUser(null);
  }

  /**
   * A copy of the user as it was set, without the fields of providers; `undefined` or `null` where there is
   * none.
   */
  getUser(): ExperimentUser {
    const text = this.core_.userText_();
    return text ? JSON.parse(text) : (this.noUser_ as any);
  }

  /**
   * Sets the user. Another identity (another `user_id`; without one, another `device_id`) does not get the
   * variants that were fetched before: call `fetch` too. Flags that are evaluated on the page apply at once.
   */
  setUser(user?: ExperimentUser | null): void {
    const text = this.arguments_.object_(user, 'user');
    this.noUser_ = null;
    this.core_.call_((core) => core.setUser(text));
  }

  /** @deprecated Use the option `userProvider`. */
  getUserProvider(): ExperimentUserProvider {
    return this.core_.userProviders_[0] as ExperimentUserProvider;
  }

  /** @deprecated Use the option `userProvider`. */
  setUserProvider(userProvider: ExperimentUserProvider): ExperimentClient {
    this.core_.userProviders_[0] = userProvider;
    this.cache_.clear_();
    this.refresh_();
    return this;
  }

  /** Sets whether the server tracks fetches as assignments, also on later pages. Default: it does. */
  setTracksAssignment(doTrack: boolean): Promise<void> {
    this.core_.call_((core) => core.setTracksAssignment(!!doTrack));
    return Promise.resolve();
  }

  /**
   * Adds an integration with analytics and removes the one before: see {@link IntegrationPlugin}. Plugins of
   * other types are ignored.
   */
  addPlugin(plugin: ExperimentPlugin | IntegrationPlugin): void {
    if (attempt(() => plugin.type) !== 'integration' || this.hasConsent_(ConsentStatus.REJECTED)) return;
    this.removePlugin_();
    const own = (this.plugin_ = this.core_.userProviders_[1] = plugin as IntegrationPlugin);
    this.cache_.clear_();
    this.init_.plugin = { track: (_, event) => (own.track(toPluginEvent(event)) ? undefined : false) };
    this.core_.integrate_(false);
    const ready = () => this.plugin_ === own && this.core_.integrate_(true);
    const setup = attempt(() => own.setup?.(this.options_, this));
    if (setup) Promise.resolve(setup).then(ready, ready);
    else ready();
  }

  /**
   * Calls `listener` at each event: see {@link ExperimentEvents}. Its exceptions go to the console.
   *
   * @returns a function that removes the listener
   */
  on<E extends keyof ExperimentEvents>(
    event: E,
    listener: (detail: ExperimentEvents[E]) => void,
  ): () => void {
    const listeners = this.listeners_.get(event) ?? new Set();
    this.listeners_.set(event, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  /**
   * Sets what the visitor consented to: see {@link ConsentStatus}. `GRANTED` stores what was kept in memory
   * and tracks the exposures that waited. `REJECTED` deletes these and everything in storage, and the client
   * does nothing until consent is granted.
   */
  setConsentStatus(status: ConsentStatus): void {
    const before = this.consent_.status;
    if (status === before) return;
    this.consent_.status = status;
    this.init_.awaitsConsent = status === ConsentStatus.PENDING;
    this.cache_.clear_();
    if (status === ConsentStatus.REJECTED) return this.eraseAll_();
    if (status === ConsentStatus.GRANTED) storeSurviving(this.init_.survivingTexts_);
    if (before === ConsentStatus.REJECTED) this.core_.adopt_();
    else this.core_.rebuild_();
  }

  /** An empty address (a variable that is not set) is an error: Amplitude's servers get no request then. */
  private request_(
    addresses: Array<'serverUrl' | 'flagsServerUrl'>,
    user?: ExperimentUser,
    options?: string,
  ): Promise<void> {
    const text = this.arguments_.object_(user, 'user');
    const field = addresses.find((name) => this.options_[name]?.trim?.() === '');
    if (!field) return this.core_.request_(addresses.length > 1, text, options);
    this.arguments_.onUnusable_(field, this.options_[field]);
    if (text) this.core_.call_((core) => core.setUser(text));
    return this.options_.throwOnError ? Promise.reject(badArgument(field)) : Promise.resolve();
  }

  private eraseAll_(): void {
    this.removePlugin_();
    this.core_.forget_();
    this.init_.survivingTexts_.clear();
    eraseStored(this.instanceName_(), this.init_.apiKey);
    this.emit_('variants');
  }

  private removePlugin_(): void {
    const plugin = this.plugin_;
    this.plugin_ = this.core_.userProviders_[1] = undefined;
    void attempt(() => plugin?.teardown?.()?.catch(() => {}));
  }

  private hasConsent_(status: ConsentStatus): boolean {
    return this.consent_.status === status;
  }

  private instanceName_(): string {
    return this.options_.instanceName ?? '$default_instance';
  }

  private initOf_(apiKey: string): ClientInit {
    const { initialFlags, httpClient, exposureTrackingProvider } = this.options_;
    return {
      apiKey,
      config: plainOptions(this.options_, this.arguments_.onUnusable_),
      awaitsConsent: this.hasConsent_(ConsentStatus.PENDING),
      ...{ initialFlags, httpClient, exposureTrackingProvider },
      survivingTexts_: new Map(),
      pending: new Set(),
      log: (level, sentence, code, more) => {
        if (code === 'BAD_ARGUMENT') return this.arguments_.onUnusable_(sentence, more);
        const error = code && errorOf(sentence, code, more);
        if (error && level === 1) this.reportError_(error);
        else logAt(this.logger_, level, error?.message ?? sentence);
      },
      fail: (error) => this.reportError_(error),
      notify: (kind: keyof ExperimentEvents | 'user', detail?: any, cause?: unknown) => {
        if (kind === 'error') this.reportError_(errorOf('an exposure was given up', detail, cause));
        else {
          if (kind !== 'exposure') this.cache_.clear_();
          this.emit_(kind, detail);
        }
      },
    };
  }

  private reportError_(error: ExperimentError): void {
    logAt(this.logger_, 1, error.message, error);
    const emit = () => this.emit_('error', error);
    // A listener that is added right after the constructor gets the errors of the constructor too.
    if (this.listeners_.has('error')) emit();
    else void Promise.resolve().then(emit);
  }

  private emit_(kind: string, detail?: unknown): void {
    this.listeners_.get(kind)?.forEach((listener) => callSafely(() => listener(detail)));
  }

  /**
   * Looks for changes that nothing announces (the page's address, the answer of a user provider), once per
   * synchronous run.
   */
  private beginRun_(): void {
    if (!this.cache_.beginRun_()) return;
    try {
      this.refresh_();
    } catch (error) {
      // No room on the stack: the next call looks again.
      this.cache_.endRun_();
      throw error;
    }
  }

  private refresh_(): void {
    if (this.core_.refresh_()) this.cache_.clear_();
  }

  private answer_(key: string, expose: number, fallback?: string | Variant): Variant {
    const { generation_ } = this.cache_;
    const encodedKey = this.arguments_.key_(key);
    const text = fallback == null ? undefined : this.arguments_.fallback_(fallback);
    const answered = this.core_.call_((core) =>
      core.variant(encodedKey ?? '', text, encodedKey === undefined ? PEEK : expose),
    );
    const { variant, source, isCacheable, hasDefault } = JSON.parse(answered);
    const given = source === 'fallback-inline' && typeof fallback === 'object' && fallbackOf(fallback);
    const answer = given || this.cache_.sameObject_(answered + encodedKey, variant, generation_);
    if (isCacheable && expose === EXPOSE) this.cache_.set_(key, answer, hasDefault, generation_);
    if (this.legacy_ && encodedKey !== undefined) this.trackLegacy_(key, variant, source, expose);
    this.logger_.debug(`[Experiment] variant for ${encodedKey} is ${variant.key || variant.value}`);
    return answer;
  }

  /** For the deprecated analytics provider. */
  private trackLegacy_(key: string, variant: Variant, source: string, expose: number): void {
    const isTracked =
      expose === EXPOSED || (expose === EXPOSE && this.options_.automaticExposureTracking !== false);
    if (isTracked && (variant.metadata?.trackExposure ?? true))
      this.legacy_?.track(key, variant, source, () => this.core_.user_());
  }
}
