// A state machine of the core, driven in Node and at the edge: its place in the instance of the day, its requests and its one timer. What else
// it wants done is its owner's to do.

import type { EvaluateCore } from 'core:evaluate';
import { attempt } from '../runtime/safe-call.js';
import { type ExperimentErrorCode, errorOf, badArgument } from '../api/error.js';
import { withCore } from './evaluate-instance.js';
import { type Logger, LogLevel, logAt } from '../api/logger.js';
import { clearTimer, clock, send, setTimer } from '../runtime/platform.js';
import type { HttpClient, SimpleResponse } from '../api/http-client.js';

/** The longest delay of a timer, in milliseconds; longer ones would fire at once. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** The longest that a server can ask for, in seconds: more than the core takes, and it fits its numbers. */
const MONTH = 30 * 86_400;

/** What every machine of the core has. */
export interface Machine {
  /** Status 0: no answer came. */
  answered(id: number, status: number, body: string, retryAfter?: number): boolean | void;
  timeout(): void;
  /** By `performance.now()`. */
  nextTimeout(): number | undefined;
  /** JSON of the next thing to do: its name, and what belongs to it. */
  poll(): string | undefined;
}

/** Whose machine it is. */
export interface Owner<M> {
  readonly http_?: HttpClient;
  readonly logger_: Logger;
  /** Builds the machine: at the first use, and after each trap from what outlived the instance. */
  build_(core: EvaluateCore, isAgain: boolean): M;
  /** Does what no part can do for it. `text` is the JSON of the effect. */
  perform_(effect: any[], text: string): void;
  /** Whether a process waits for what is due next. */
  isAwaited_(): boolean;
  /** Brings an answer to the machine, where there is more to it. */
  hear_?(machine: M, id: number, answer: Answer): void;
}

/** How a request ended; `cause`: what was thrown in place of an answer. */
export type Answer = SimpleResponse & { retryAfter?: number; cause?: unknown };

export class Part<M extends Machine> {
  /** What was thrown in place of the answer that came last. */
  cause_?: unknown;
  private core_?: EvaluateCore;
  private machine_?: M;
  private readonly requests_ = new Map<number, AbortController | undefined>();
  private timer_?: unknown;
  private due_?: number;

  constructor(private readonly owner_: Owner<M>) {}

  /** What the machine says, and then what it wants done. */
  use_<T>(use: (machine: M) => T): T {
    const answer = withCore((core) => use(this.of_(core)));
    for (let text; (text = withCore((core) => this.of_(core).poll())); ) this.perform_(JSON.parse(text), text);
    this.arm_();
    return answer;
  }

  /** For what nobody called: there is nobody to throw to. */
  quietly_(use: (machine: M) => void): void {
    try {
      this.use_(use);
    } catch (error) {
      logAt(this.owner_.logger_, LogLevel.Error, 'the core broke', error);
    }
  }

  /** What comes later, for the machine that waits for it: the next one asks anew. */
  later_(): (use: (machine: M) => void) => void {
    const asked = this.machine_;
    return (use) => this.quietly_((machine) => machine === asked && use(machine));
  }

  private of_(core: EvaluateCore): M {
    if (this.core_ === core) return this.machine_!;
    this.requests_.forEach((request) => request?.abort());
    this.requests_.clear();
    this.machine_ = this.owner_.build_(core, !!this.core_);
    this.core_ = core;
    this.due_ = undefined;
    return this.machine_;
  }

  private perform_(effect: any[], text: string): void {
    switch (effect[0]) {
      case 'send':
        return void this.send_(effect);
      case 'abort':
        return this.requests_.get(effect[1])?.abort();
      case 'log':
        return this.log_(effect[1], effect[2], effect[3], effect[4]);
      default:
        return this.owner_.perform_(effect, text);
    }
  }

  /** With `BAD_ARGUMENT`, `sentence` is the field. */
  private log_(level: number, sentence: string, code?: ExperimentErrorCode, status?: number): void {
    const error = code && (code === 'BAD_ARGUMENT' ? badArgument(sentence) : errorOf(sentence, code, status || this.cause_));
    logAt(this.owner_.logger_, level, code === 'BAD_ARGUMENT' ? error!.message : sentence, error);
  }

  private async send_([, id, method, url, headers, body, millis]: any[]): Promise<void> {
    const { http_ } = this.owner_;
    const later = this.later_();
    const abort = attempt(() => new AbortController());
    this.requests_.set(id, abort);
    let answer: Answer = { status: 0, body: '' };
    try {
      answer = await (http_ ? http_.request(url, method, headers, body, millis) : fetched(url, { method, headers, body, signal: abort?.signal }));
    } catch (cause) {
      // No answer came, which is what the status 0 says.
      answer.cause = cause;
    }
    later((machine) => {
      this.requests_.delete(id);
      this.cause_ = answer.cause;
      if (this.owner_.hear_) this.owner_.hear_(machine, id, answer);
      else machine.answered(id, answer.status, answer.body, answer.retryAfter);
    });
  }

  private arm_(): void {
    const due = withCore((core) => this.of_(core).nextTimeout());
    if (due === this.due_) return;
    clearTimer(this.timer_);
    this.due_ = due;
    if (due === undefined) return;
    const fire = () => {
      this.due_ = undefined;
      this.quietly_((machine) => machine.timeout());
    };
    this.timer_ = setTimer(fire, Math.min(Math.max(due - clock(), 0), LONGEST_DELAY));
    if (!this.owner_.isAwaited_()) (this.timer_ as { unref?(): void } | undefined)?.unref?.();
  }
}

/** Says that an assignment is told no more, and why. */
export function giveUp(logger: Logger, code: ExperimentErrorCode): void {
  const sentence = 'an assignment was given up';
  logAt(logger, LogLevel.Error, sentence, errorOf(sentence, code));
}

async function fetched(url: string, init: RequestInit): Promise<Answer> {
  const response = await send(url, init);
  return { status: response.status, body: await response.text(), retryAfter: secondsOf(response.headers?.get('Retry-After') ?? null) };
}

/** `Retry-After` is in seconds, or a date. */
function secondsOf(retryAfter: string | null): number | undefined {
  const seconds = Number(retryAfter ?? NaN);
  const wait = Number.isNaN(seconds) ? (Date.parse(retryAfter ?? '') - Date.now()) / 1_000 : seconds;
  return wait > 0 ? Math.ceil(Math.min(wait, MONTH)) : undefined;
}
