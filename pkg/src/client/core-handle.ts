// A client's handle on the core: what the client is built from, what it gets again after a trap, and the
// promises that wait.

import { name, version } from '../../package.json';
import type { ExperimentUser } from '../api/user.js';
import type { Variants } from '../api/variant.js';
import { type OnUnusable, readableEntries, toJson } from '../runtime/json.js';
import { attempt } from '../runtime/safe-call.js';
import { type ClientCore, type Core, type Decided, USER } from '../wasm/boundary.js';
import { type CoreSlot, callCore, driven, rebuild, register, unregister } from '../wasm/client-instance.js';
import type { ClientInit } from '../wasm/init.js';
import { requestPromise } from '../wasm/pending-request.js';
import { copyVariant } from './copy-variant.js';
import { Fallback } from './fallback.js';

/** A user provider, or a plugin. */
type UserSource = { getUser(): ExperimentUser } | undefined;

/** The fields of a {@link ClientInit} that refer to objects of the page, cleared. */
const DETACHED = {
  exposureTrackingProvider: undefined,
  plugin: undefined,
  httpClient: undefined,
  log() {},
  fail() {},
  notify() {},
};

export class CoreHandle {
  /** The sources of the user's fields. Later ones take precedence. */
  readonly userProviders_: [provider: UserSource, plugin: UserSource] = [undefined, undefined];
  private readonly pageObjects_: Partial<ClientInit>;
  private slot_: CoreSlot<ClientCore>;
  private lastContext_?: string;
  /** The variants of flags that the instance evaluates, by its numbers. */
  private decided_: Array<Exclude<Decided, number>> = [];
  /** The keys of the last answer of `all`, and an object with these keys. */
  private keys_: string[] = [];
  private template_: Variants = {};
  /** Whether the plugin is set up; `undefined` without a plugin. */
  private isReady_?: boolean;

  constructor(
    private readonly init_: ClientInit,
    provider: UserSource,
    private readonly onUnusable_: OnUnusable,
  ) {
    const { exposureTrackingProvider, httpClient, log, fail, notify } = init_;
    this.pageObjects_ = { exposureTrackingProvider, httpClient, log, fail, notify };
    this.userProviders_[0] = provider;
    this.slot_ = this.register_();
  }

  call_<T>(act: (core: ClientCore) => T): T {
    return callCore(this.slot_, act);
  }

  /** Requests variants, and for `start` flags. */
  request_(isStart: boolean, user?: string, options?: string): Promise<void> {
    return requestPromise(this.init_.pending, 'the request failed', { isStart, options }, (request) => {
      this.refresh_();
      this.call_((core) => (isStart ? core.start(user, request, false) : core.fetch(user, options, request)));
    });
  }

  /**
   * Looks for changes that nothing announces: of the providers' fields, the page's address, the day. Returns
   * whether there are any.
   */
  refresh_(): boolean {
    const [provided, url] = this.context_();
    const seen = [Math.floor(Date.now() / 86_400_000), url, provided].join('\n');
    if (seen === this.lastContext_) return false;
    this.lastContext_ = seen;
    try {
      this.call_((core) => core.setContext(provided, url));
    } catch (error) {
      this.lastContext_ = undefined;
      throw error;
    }
    return true;
  }

  integrate_(isReady: boolean): void {
    this.isReady_ = isReady;
    this.refresh_();
    this.call_((core) => core.integrate(isReady));
  }

  /** The user as it was set, as JSON text; `undefined` without a user. */
  userText_(): string | undefined {
    return this.call_((core) => (core.getUser ? core.getUser() : this.init_.survivingTexts_.get(USER)));
  }

  /** The user as in requests and conditions, with the providers' fields. */
  user_(): ExperimentUser {
    return merged([
      { library: `${name}/${version}` },
      JSON.parse(this.context_()[0]),
      JSON.parse(this.userText_() ?? '{}'),
    ]);
  }

  /** The variants of all flags. */
  all_(): Variants {
    return this.call_((core) => {
      const [second, first, ...decided]: [Variants, Variants, ...Decided[]] = JSON.parse(core.all());
      const stored = { ...second, ...first };
      const keys = Object.keys(stored);
      const variants = Object.values(stored);
      for (const item of decided) {
        const [, key, variant] =
          typeof item === 'number' ? this.decided_[item]! : (this.decided_[item[0]] = item);
        keys.push(key);
        variants.push(copyVariant(variant));
      }
      // Copying an object of a thousand keys takes a tenth of the time of building it, and the keys are
      // mostly those of the last call.
      if (keys.length !== this.keys_.length || keys.some((key, index) => key !== this.keys_[index])) {
        this.keys_ = keys;
        this.template_ = Object.fromEntries(keys.map((key) => [key, {}]));
      }
      const all = { ...this.template_ };
      keys.forEach((key, index) => (all[key] = variants[index]!));
      return all;
    });
  }

  /** Builds the client again, from what the page keeps. */
  rebuild_(): void {
    rebuild(this.slot_);
  }

  /**
   * Closes the client; {@link adopt_} builds it again. The instance holds `init_`: if that referred to the
   * page's objects, they would stay in memory as long as the page.
   */
  release_(): void {
    this.call_((core) => core.close());
    unregister(this.slot_);
    Object.assign(this.init_, DETACHED);
  }

  /** Closes the client, and forgets its variants. */
  forget_(): void {
    this.release_();
    this.slot_.of_ = undefined;
  }

  adopt_(): void {
    Object.assign(this.init_, this.pageObjects_);
    this.slot_ = this.register_();
  }

  private register_(): CoreSlot<ClientCore> {
    return register({ standby_: new Fallback(this.init_), build_: (core) => this.build_(core) });
  }

  private build_(core: Core): ClientCore {
    const client = driven(core, this.init_, (host) => new core.CoreClient(host));
    this.decided_ = [];
    client.setContext(...this.context_());
    if (this.isReady_ !== undefined) client.integrate(this.isReady_);
    for (const request of [...this.init_.pending].filter((request) => !request.isQueued)) {
      if (request.isStart) client.start(undefined, request, true);
      else client.fetch(undefined, request.options, request);
    }
    return client;
  }

  private context_(): [provided: string, url?: string] {
    const users = this.userProviders_.map((says) => attempt(() => says?.getUser()));
    return [toJson(merged(users), this.onUnusable_, 'user') ?? '{}', attempt(() => location.href)];
  }
}

/** Fields of later users take precedence; missing ones do not. User properties are merged one by one. */
function merged(users: unknown[]): ExperimentUser {
  const known = users.map((user) =>
    Object.fromEntries(readableEntries(user).filter(([, value]) => value != null)),
  );
  return Object.assign({}, ...known, {
    user_properties: Object.assign({}, ...known.map((user) => user.user_properties)),
  });
}
