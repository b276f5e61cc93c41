// A page as one machine of the core sees it: performs what the machine wants done, keeps its one timer, brings it the answers, and lends it
// storage. `src/web/host.rs` is the other side.
//
// Nothing that a page's code throws comes out of here. Storage never fails: blocked, full or forbidden storage means that texts live as long
// as the page does, in the seed's `kept`. That is read first: it has what the client alone writes, and of what others write too only what
// storage did not take.

import { attempt } from '../runtime/safe-call.js';
import { clearTimer, clock, send, setTimer } from '../runtime/platform.js';
import type { ClientSeed, DeliverySeed } from './init.js';
import type { PendingRequest } from './pending-request.js';

/** What a machine hears of; `src/web/driver.rs` has the same numbers. */
export const enum News {
  None,
  TimedOut,
  Answered,
  /** No answer comes. */
  Failed,
  Taken,
  Refused,
}

/** Of an answer also its status, its body, and after how many milliseconds the server wants to be asked again, or no number. */
export type Hear = (news: number, id: number, status: number, body: string, retryAfter: number) => void;

/** How a request ended, or what became of an exposure. */
type Heard = [news: News, id?: number, status?: number, body?: string, retryAfter?: number];

/** What a client or a delivery is made of. */
export type Seed = Partial<ClientSeed> & Partial<DeliverySeed> & Pick<DeliverySeed, 'kept' | 'log' | 'notify'>;

/** A request as the core wants it sent. */
type Sent = [id: number, method: string, url: string, headers: Record<string, string>, body: string | null, millis: number, keepalive: number];

/** The longest delay of a timer, in milliseconds; longer ones would fire at once. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** The browser's storage, by the numbers of the core's areas. The third is the page's own memory. */
const SHELVES = ['localStorage', 'sessionStorage'] as const;

export class Host {
  private tell_: Hear = () => {};
  protected timer_: unknown;
  private due_ = Infinity;
  protected readonly requests_ = new Map<number, AbortController | undefined>();
  /** What was thrown last in place of an answer. */
  private cause_: unknown;
  /** What a provider threw, or its promise was broken with, when it was asked last. */
  private thrown_: unknown;

  /** `persists`: what outlives the page goes into the browser's storage. */
  constructor(
    private readonly seed_: Seed,
    private readonly persists_: boolean,
  ) {}

  /** Takes whom it tells of answers and of the timer. */
  listen_(tell: Hear): void {
    this.tell_ = tell;
  }

  /** Sets no timer and tells nothing any more. */
  close(): void {
    this.arm(Infinity);
    this.listen_(() => {});
  }

  get(name: keyof Seed): unknown {
    return this.seed_[name];
  }

  /** A provider of ours says over how long it wants each exposure once; any other is told once a page. */
  window(): number {
    const provider: any = this.seed_.exposureTrackingProvider;
    if (!provider || !/object|function/.test(typeof provider)) return 0;
    return attempt(() => provider.exposureWindow) === 'day' ? 2 : 1;
  }

  /**
   * Performs an effect: JSON of its name, which is that of a method below, and what belongs to it. Of an exposure it answers what came of it,
   * if that is known.
   */
  perform(effect: string): News {
    const [name, ...parts] = JSON.parse(effect);
    return (this as any)[name](...parts) ?? News.None;
  }

  /** Sets the timer. */
  arm(due: number): void {
    if (due === this.due_) return;
    clearTimer(this.timer_);
    this.due_ = due;
    const fire = () => {
      this.due_ = Infinity;
      this.hear_([News.TimedOut]);
    };
    if (due < Infinity) this.timer_ = setTimer(fire, Math.min(due - Math.floor(clock()), LONGEST_DELAY));
  }

  open(id: number, open: PendingRequest): void {
    this.seed_.open!.set(id, open);
  }

  read(area: number, key: string): string | undefined {
    return this.seed_.kept.get(key) ?? this.stored_(area, key);
  }

  /** Keeps a text, or forgets it. Says whether the area took it; what it did not take lies on the page. */
  write(area: number, key: string, text: string | undefined): boolean {
    const { kept } = this.seed_;
    const shelf = this.shelf_(area);
    const isTaken = !!shelf && !!attempt(() => (text === undefined ? shelf.removeItem(key) : shelf.setItem(key, text), true));
    if (text !== undefined && !isTaken) kept.set(key, text);
    else kept.delete(key);
    return isTaken || area >= SHELVES.length;
  }

  /** JSON of the texts whose keys start so. */
  entries(area: number, prefix: string): string {
    const keys = [...this.seed_.kept.keys(), ...Object.keys(this.shelf_(area) ?? {})].filter((key) => key.startsWith(prefix));
    return JSON.stringify(Object.fromEntries(keys.map((key) => [key, this.read(area, key)])));
  }

  /** Whether a text is as safe as it can be here: in the browser's storage, if there is any. */
  isSafe(area: number, key: string): boolean {
    return !this.shelf_(area) || this.stored_(area, key) !== undefined;
  }

  /** Merely touching it can throw. */
  private shelf_(area: number): Storage | undefined {
    return this.persists_ ? attempt(() => globalThis[SHELVES[area]!]) : undefined;
  }

  private stored_(area: number, key: string): string | undefined {
    return attempt(() => this.shelf_(area)!.getItem(key)) ?? undefined;
  }

  notify(kind: any, detail?: any): void {
    attempt(() => this.seed_.notify(kind, detail, this.thrown_));
  }

  log(level: number, sentence: string, code?: any, status?: number): void {
    attempt(() => this.seed_.log(level, sentence, code, this.more_(code, status)));
  }

  settle(id: number, code?: any, status?: number): void {
    const { open } = this.seed_;
    const asked = open!.get(id);
    open!.delete(id);
    attempt(() => (code ? asked!.reject(code, this.more_(code, status)) : asked!.resolve()));
  }

  /** What there is to say of an error beside its code: what was thrown in place of an answer, or the HTTP status. */
  private more_(code: unknown, status?: number): unknown {
    return code === 'NETWORK' ? this.cause_ : status || undefined;
  }

  /** `undefined` means taken; `false`, a throw or a rejection mean refused; a promise means that the provider will say later. */
  track(id: number, isPlugins: number, event: any): News {
    const refuse = (thrown: unknown) => {
      this.thrown_ = thrown;
      return News.Refused;
    };
    this.thrown_ = undefined;
    try {
      const provider: any = isPlugins ? this.seed_.plugin : this.seed_.exposureTrackingProvider;
      const answer = (typeof provider === 'function' ? provider : provider.track).call(provider, event.event_properties, event);
      const isThenable = answer && typeof answer === 'object' && typeof attempt(() => answer.then) === 'function';
      if (!isThenable) return judged(answer);
      Promise.resolve(answer).then((answer) => this.hear_([judged(answer), id]), (thrown) => this.hear_([refuse(thrown), id]));
      return News.None;
    } catch (thrown) {
      return refuse(thrown);
    }
  }

  private hear_([news, id = 0, status = 0, body = '', retryAfter = NaN]: Heard): void {
    this.tell_(news, id, status, body, retryAfter);
  }

  send(...request: Sent): void {
    void this.ask_(...request);
  }

  abort(id: number): void {
    attempt(() => this.requests_.get(id)?.abort());
    this.requests_.delete(id);
  }

  /** Asks the page's HTTP client, or `fetch`. A request that was broken off is not heard of any more. */
  private async ask_(...[id, method, url, headers, body, millis, keepalive]: Sent): Promise<void> {
    const { httpClient } = this.seed_;
    const abort = attempt(() => new AbortController());
    this.requests_.set(id, abort);
    let news: Heard = [News.Failed, id];
    try {
      const response: any = await (httpClient && typeof httpClient === 'object'
        ? httpClient.request(url, method, headers, body!, millis)
        : send(url, { method, headers, body: body ?? undefined, signal: abort?.signal, ...(keepalive && { keepalive: true }) }));
      const status = attempt(() => response.status);
      const retryAfter = attempt(() => millisOf(response.headers.get('Retry-After')));
      const text: unknown = await (attempt(() => response.text()) ?? attempt(() => response.body));
      news = [News.Answered, id, typeof status === 'number' ? status : 0, typeof text === 'string' ? text : '', retryAfter];
    } catch (thrown) {
      // What was thrown at once is told later: the core hears of one thing at a time.
      await undefined;
      this.cause_ = thrown;
    }
    if (this.requests_.delete(id)) this.hear_(news);
  }
}

function judged(answer: unknown): News {
  return answer === false ? News.Refused : News.Taken;
}

/** `Retry-After` is in seconds, or a date. */
function millisOf(header: string): number | undefined {
  const wait = /^\d+$/.test(header) ? +header * 1_000 : Date.parse(header) - Date.now();
  return wait >= 0 ? wait : undefined;
}
