// The host of a client or delivery in the core: performs its effects, keeps its timer, passes the results
// back, and gives it storage. `src/wasm/host.rs` is the other side.
//
// No exception of the page's code leaves this file. Storage does not fail: where it is blocked, full or
// forbidden, texts live as long as the page, in `survivingTexts_`, which also survive a trap. They are read
// first: of what the client alone writes all is there, of what others write too only what storage did not
// take.

import { clearTimer, clock, send, setTimer } from '../runtime/platform.js';
import { attempt } from '../runtime/safe-call.js';
import type { ClientInit, DeliveryInit } from './init.js';
import type { PendingRequest } from './pending-request.js';

/** What a callback into the core reports; `src/wasm/driver.rs` has the same numbers. */
export const enum CallbackKind {
  None,
  TimedOut,
  Answered,
  /** No response. */
  Failed,
  Taken,
  Refused,
}

/** `retryAfter`: the milliseconds that the server asks to wait, else `NaN`. */
export type Callback = (kind: number, id: number, status: number, body: string, retryAfter: number) => void;

/** The result of a request or of an event. */
type CallbackArguments = [
  kind: CallbackKind,
  id?: number,
  status?: number,
  body?: string,
  retryAfter?: number,
];

/** What a client or a delivery is built from. */
export type HostInit = Partial<ClientInit> &
  Partial<DeliveryInit> &
  Pick<DeliveryInit, 'survivingTexts_' | 'log' | 'notify'>;

/** The parts of the effect `send`. */
type RequestArguments = [
  id: number,
  method: string,
  url: string,
  headers: Record<string, string>,
  body: string | null,
  millis: number,
  keepalive: number,
];

/** The longest delay of a timer, in milliseconds; longer ones would fire at once. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** The browser's storage, by the numbers of the core's areas. The third area is the page's memory. */
const AREAS = ['localStorage', 'sessionStorage'] as const;

export class Host {
  private callback_: Callback = () => {};
  protected timer_: unknown;
  private due_ = Infinity;
  protected readonly requests_ = new Map<number, AbortController | undefined>();
  /** The calls that wait, by the ids of this host's instance. */
  private readonly pending_ = new Map<number, PendingRequest>();
  /** The last exception of a request. */
  private cause_: unknown;
  /** The last exception or rejection of a provider. */
  private thrown_: unknown;

  /** `persists_`: whether texts go into the browser's storage. */
  constructor(
    private readonly init_: HostInit,
    private readonly persists_: boolean,
  ) {}

  /** Sets what is called with results and at the timer. */
  setCallback_(callback: Callback): void {
    this.callback_ = callback;
  }

  /** Ends the timer and the callbacks. */
  close_(): void {
    this.arm_(Infinity);
    this.setCallback_(() => {});
  }

  get_(name: keyof HostInit): unknown {
    return this.init_[name];
  }

  /**
   * Over how long an exposure is tracked once: 0 without a provider, 1 a page, 2 a day, for {@link
   * HttpExposureTrackingProvider}.
   */
  dedupScope_(): number {
    const provider: any = this.init_.exposureTrackingProvider;
    if (!provider || !/object|function/.test(typeof provider)) return 0;
    return attempt(() => provider.dedupScope) === 'day' ? 2 : 1;
  }

  /**
   * Performs an effect: JSON of its name, which is that of a method below, and of the method's arguments. (So
   * these names are not shortened by the build, which the underscore would allow.)
   * Returns the result of an exposure, if it is known.
   */
  perform_(effect: string): CallbackKind {
    const [name, ...parts] = JSON.parse(effect);
    return (this as any)[name](...parts) ?? CallbackKind.None;
  }

  /** Sets the timer. */
  arm_(due: number): void {
    if (due === this.due_) return;
    clearTimer(this.timer_);
    this.due_ = due;
    const fire = () => {
      this.due_ = Infinity;
      this.call_([CallbackKind.TimedOut]);
    };
    if (due < Infinity) this.timer_ = setTimer(fire, Math.min(due - Math.floor(clock()), LONGEST_DELAY));
  }

  addPending_(id: number, request: PendingRequest): void {
    this.pending_.set(id, request);
  }

  read_(area: number, key: string): string | undefined {
    return this.init_.survivingTexts_.get(key) ?? this.stored_(area, key);
  }

  /** Stores a text, or deletes it. Returns whether the area took it; else it is in `survivingTexts_`. */
  write_(area: number, key: string, text: string | undefined): boolean {
    const { survivingTexts_ } = this.init_;
    const storage = this.area_(area);
    const isTaken =
      !!storage &&
      !!attempt(() => (text === undefined ? storage.removeItem(key) : storage.setItem(key, text), true));
    if (text !== undefined && !isTaken) survivingTexts_.set(key, text);
    else survivingTexts_.delete(key);
    return isTaken || area >= AREAS.length;
  }

  /** JSON of the texts whose keys start with `prefix`. */
  entries_(area: number, prefix: string): string {
    const keys = [...this.init_.survivingTexts_.keys(), ...Object.keys(this.area_(area) ?? {})].filter(
      (key) => key.startsWith(prefix),
    );
    return JSON.stringify(Object.fromEntries(keys.map((key) => [key, this.read_(area, key)])));
  }

  /** Whether a text is in the browser's storage, or there is no storage. */
  isSafe_(area: number, key: string): boolean {
    return !this.area_(area) || this.stored_(area, key) !== undefined;
  }

  /** Reading the global can throw. */
  private area_(area: number): Storage | undefined {
    return this.persists_ ? attempt(() => globalThis[AREAS[area]!]) : undefined;
  }

  private stored_(area: number, key: string): string | undefined {
    return attempt(() => this.area_(area)!.getItem(key)) ?? undefined;
  }

  notify(kind: any, detail?: any): void {
    attempt(() => this.init_.notify(kind, detail, this.thrown_));
  }

  log(level: number, sentence: string, code?: any, status?: number): void {
    attempt(() => this.init_.log(level, sentence, code, this.detail_(code, status)));
  }

  settle(id: number, code?: any, status?: number): void {
    const pending = this.pending_.get(id);
    this.pending_.delete(id);
    attempt(() => (code ? pending!.reject(code, this.detail_(code, status)) : pending!.resolve()));
  }

  /** The detail of an error: the exception of the request, or the HTTP status. */
  private detail_(code: unknown, status?: number): unknown {
    return code === 'NETWORK' ? this.cause_ : status || undefined;
  }

  /**
   * Calls the provider or plugin. `false`, an exception or a rejection refuse the exposure, anything else
   * takes it.
   */
  track(id: number, isPlugins: number, event: any): CallbackKind {
    const refuse = (thrown: unknown) => {
      this.thrown_ = thrown;
      return CallbackKind.Refused;
    };
    this.thrown_ = undefined;
    try {
      const provider: any = isPlugins ? this.init_.plugin : this.init_.exposureTrackingProvider;
      const answer = (typeof provider === 'function' ? provider : provider.track).call(
        provider,
        event.event_properties,
        event,
      );
      const isThenable =
        answer && typeof answer === 'object' && typeof attempt(() => answer.then) === 'function';
      if (!isThenable) return outcome(answer);
      Promise.resolve(answer).then(
        (answer) => this.call_([outcome(answer), id]),
        (thrown) => this.call_([refuse(thrown), id]),
      );
      return CallbackKind.None;
    } catch (thrown) {
      return refuse(thrown);
    }
  }

  private call_([kind, id = 0, status = 0, body = '', retryAfter = NaN]: CallbackArguments): void {
    this.callback_(kind, id, status, body, retryAfter);
  }

  send(...request: RequestArguments): void {
    void this.request_(...request);
  }

  abort(id: number): void {
    attempt(() => this.requests_.get(id)?.abort());
    this.requests_.delete(id);
  }

  /** Sends a request with the page's HTTP client, or `fetch`. The result of an aborted request is dropped. */
  private async request_(
    ...[id, method, url, headers, body, millis, keepalive]: RequestArguments
  ): Promise<void> {
    const { httpClient } = this.init_;
    const abort = attempt(() => new AbortController());
    this.requests_.set(id, abort);
    let result: CallbackArguments = [CallbackKind.Failed, id];
    try {
      const response: any = await (httpClient && typeof httpClient === 'object'
        ? httpClient.request(url, method, headers, body!, millis)
        : send(url, {
            method,
            headers,
            body: body ?? undefined,
            signal: abort?.signal,
            ...(keepalive && { keepalive: true }),
          }));
      const status = attempt(() => response.status);
      const retryAfter = attempt(() => millisOf(response.headers.get('Retry-After')));
      const text: unknown = await (attempt(() => response.text()) ?? attempt(() => response.body));
      result = [
        CallbackKind.Answered,
        id,
        typeof status === 'number' ? status : 0,
        typeof text === 'string' ? text : '',
        retryAfter,
      ];
    } catch (thrown) {
      // A synchronous exception is reported later too: the core is in the middle of a call.
      await undefined;
      this.cause_ = thrown;
    }
    if (this.requests_.delete(id)) this.call_(result);
  }
}

function outcome(answer: unknown): CallbackKind {
  return answer === false ? CallbackKind.Refused : CallbackKind.Taken;
}

/** `Retry-After` is in seconds, or a date. */
function millisOf(header: string): number | undefined {
  const wait = /^\d+$/.test(header) ? +header * 1_000 : Date.parse(header) - Date.now();
  return wait >= 0 ? wait : undefined;
}
