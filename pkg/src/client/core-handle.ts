// A client's link to the core: what it is built from, what it is told again after a trap, and the promises that wait for it.

import { name, version } from '../../package.json';
import { attempt } from '../runtime/safe-call.js';
import { type ClientCore, type ClientSeed, type Decided, type Open, USER } from '../wasm/boundary.js';
import { adopt, call, type Part, rebuild, release } from '../wasm/client-instance.js';
import { failed } from '../api/error.js';
import { copyVariant } from './copy-variant.js';
import { Fallback } from './fallback.js';
import { entriesOf, type Lost, toText } from '../runtime/json.js';
import type { ExperimentUser } from '../api/user.js';
import type { Variants } from '../api/variant.js';

/** Somebody who says who the user is. */
type Says = { getUser(): ExperimentUser } | undefined;

/** What a seed leads to. */
const UNTIED = { exposureTrackingProvider: undefined, plugin: undefined, httpClient: undefined, log() {}, fail() {}, notify() {} };

export class Link {
  /** Who is asked for the user, the one whose word counts more last. */
  readonly says: [provider: Says, plugin: Says] = [undefined, undefined];
  private readonly ties_: Partial<ClientSeed>;
  private part_: Part<ClientCore>;
  private seen_?: string;
  /** What the instance told of flags that it evaluates, by its numbers. */
  private decided_: Array<Exclude<Decided, number>> = [];
  /** The keys that `all` answered last, and an object that has them. */
  private keys_: string[] = [];
  private named_: Variants = {};
  /** Whether there is a plugin, and it is set up. */
  private isReady_?: boolean;

  constructor(
    private readonly seed_: ClientSeed,
    provider: Says,
    private readonly lost_: Lost,
  ) {
    const { exposureTrackingProvider, httpClient, log, fail, notify } = seed_;
    this.ties_ = { exposureTrackingProvider, httpClient, log, fail, notify };
    this.says[0] = provider;
    this.part_ = this.adopt_();
  }

  call<T>(act: (core: ClientCore) => T): T {
    return call(this.part_, act);
  }

  /** Asks for variants, and at a `start` for flags. */
  request(isStart: boolean, user?: string, options?: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const { pending } = this.seed_;
      let isOver = false;
      const over = (settle: () => void) => {
        isOver = true;
        pending.delete(open);
        settle();
      };
      const open: Open = {
        isStart,
        options,
        resolve: () => over(resolve),
        reject: (code, more) => over(() => reject(failed('the request failed', code, more))),
      };
      this.refresh();
      this.call((core) => (isStart ? core.start(user, open, false) : core.fetch(user, options, open)));
      // Not before: an instance that takes over in the middle of this call would ask twice.
      if (!isOver) pending.add(open);
    });
  }

  /** Asks what nobody announces: what others say of the user, the page's address, the day. True when answers may differ from now on. */
  refresh(): boolean {
    const [provided, url] = this.context_();
    const seen = [Math.floor(Date.now() / 86_400_000), url, provided].join('\n');
    if (seen === this.seen_) return false;
    this.seen_ = seen;
    try {
      this.call((core) => core.setContext(provided, url));
    } catch (error) {
      this.seen_ = undefined;
      throw error;
    }
    return true;
  }

  integrate(isReady: boolean): void {
    this.isReady_ = isReady;
    this.refresh();
    this.call((core) => core.integrate(isReady));
  }

  /** The user as it was set: JSON text, or nothing. */
  userText(): string | undefined {
    return this.call((core) => (core.getUser ? core.getUser() : this.seed_.kept.get(USER)));
  }

  /** The user as requests and conditions see it. */
  user(): ExperimentUser {
    return merged([{ library: `${name}/${version}` }, JSON.parse(this.context_()[0]), JSON.parse(this.userText() ?? '{}')]);
  }

  /** The variants of all flags. */
  all(): Variants {
    return this.call((core) => {
      const [second, first, ...decided]: [Variants, Variants, ...Decided[]] = JSON.parse(core.all());
      const stored = { ...second, ...first };
      const keys = Object.keys(stored);
      const variants = Object.values(stored);
      for (const told of decided) {
        const [, key, variant] = typeof told === 'number' ? this.decided_[told]! : (this.decided_[told[0]] = told);
        keys.push(key);
        variants.push(copyVariant(variant));
      }
      // An object of a thousand names is copied ten times as quick as it is built, and the names are mostly those of the last time.
      if (keys.length !== this.keys_.length || keys.some((key, at) => key !== this.keys_[at])) {
        this.keys_ = keys;
        this.named_ = Object.fromEntries(keys.map((key) => [key, {}]));
      }
      const all = { ...this.named_ };
      keys.forEach((key, at) => (all[key] = variants[at]!));
      return all;
    });
  }

  /** Builds the client anew, from what the page keeps. */
  rebuild(): void {
    rebuild(this.part_);
  }

  /**
   * Lets go; {@link adopt} takes up again. The instance holds the seed, so one that led back to the page's objects would keep the client
   * for as long as the page lives.
   */
  release(): void {
    this.call((core) => core.close());
    release(this.part_);
    Object.assign(this.seed_, UNTIED);
  }

  /** Lets go, and knows no variant any more. */
  forget(): void {
    this.release();
    this.part_.of = undefined;
  }

  adopt(): void {
    Object.assign(this.seed_, this.ties_);
    this.part_ = this.adopt_();
  }

  private adopt_(): Part<ClientCore> {
    return adopt({ standby: new Fallback(this.seed_), build: (core) => this.build_(new core.CoreClient(this.seed_)) });
  }

  private build_(client: ClientCore): ClientCore {
    this.decided_ = [];
    client.setContext(...this.context_());
    if (this.isReady_ !== undefined) client.integrate(this.isReady_);
    this.seed_.open.clear();
    for (const open of [...this.seed_.pending].filter((open) => !open.isQueued)) {
      if (open.isStart) client.start(undefined, open, true);
      else client.fetch(undefined, open.options, open);
    }
    return client;
  }

  private context_(): [provided: string, url?: string] {
    const users = this.says.map((says) => attempt(() => says?.getUser()));
    return [toText(merged(users), this.lost_, 'user') ?? '{}', attempt(() => location.href)];
  }
}

/** Later users win, field by field; what they leave open does not count. User properties are merged one by one. */
function merged(users: unknown[]): ExperimentUser {
  const known = users.map((user) => Object.fromEntries(entriesOf(user).filter(([, value]) => value != null)));
  return Object.assign({}, ...known, { user_properties: Object.assign({}, ...known.map((user) => user.user_properties)) });
}
