// The client for Node and the edge: performs what the core's local evaluation wants done, which decides when flags are asked for, what a user
// gets, and which assignment is told when.

import type { EvaluateCore, LocalCore } from 'core:evaluate';
import type { AssignmentEvent, AssignmentTrackingProvider } from './assignment.js';
import { copyOptions } from './config.js';
import { ExperimentError, type ExperimentErrorCode, failed } from './error.js';
import type { Flags } from './evaluate.js';
import { ask, textOf } from './evaluate-core.js';
import { leveled, type Logger, LogLevel, say } from './logger.js';
import type { HttpClient, SimpleResponse } from './transport.js';
import type { ExperimentUser } from './user.js';

/** A variant as a {@link LocalEvaluationClient} answers it. */
export type Variant = {
  /** The variant's key, for instance `control`, `treatment`, `on`, `off`. */
  key?: string;
  /** The variant's value. One that is no text is its JSON. */
  value?: string;
  /** The JSON that the flag attaches to the variant. */
  payload?: any;
  /** What evaluation says about flag, segment and variant, for instance `default`: the user is in no variant. */
  metadata?: Record<string, any>;
};

/** Variants by flag key. */
export type Variants = Record<string, Variant>;

/** How assignments are remembered. */
export type AssignmentConfig = {
  /** How many assignments of the day are remembered, so that they are not told again. Default: 65,536, which take some 7 MB. */
  cacheCapacity?: number;
};

/** The options of a {@link LocalEvaluationClient}. What is missing or `null` gets its default. */
export interface LocalEvaluationConfig {
  /** @deprecated Use `logLevel`. `true` means `LogLevel.Debug`. */
  debug?: boolean;
  /** How much is logged. Default: `LogLevel.Error`. */
  logLevel?: LogLevel;
  /** Where messages go. Default: the console. */
  loggerProvider?: Logger;
  /** Tells clients apart: `Experiment.initializeLocal` answers the same client for the same name and key. */
  instanceName?: string;
  /** The origin that flags are asked of. Default: Amplitude's, by `serverZone`. */
  serverUrl?: string;
  /** `us` or `eu`: which of Amplitude's data centres is asked. Default: `us`. */
  serverZone?: string;
  /** Flags to begin with, until others are loaded. */
  bootstrap?: Flags;
  /** How often flags are polled, in milliseconds. Default: 30,000. */
  flagConfigPollingIntervalMillis?: number;
  /** Who is told of assignments. Without one nobody is. */
  assignmentTrackingProvider?: AssignmentTrackingProvider | AssignmentTrackingProvider['track'];
  /** How assignments are remembered. */
  assignmentConfig?: AssignmentConfig;
  /** What assignments carry as `[Experiment] Environment Name`: the deployment's name. */
  environmentName?: string;
  /** Sends the requests in place of `fetch`. */
  httpClient?: HttpClient;
}

/** Amplitude's flag servers by zone: those of `@amplitude/experiment-node-server`. */
const SERVERS = { us: 'https://api.lab.amplitude.com', eu: 'https://flag.lab.eu.amplitude.com' };

/** The longest delay of a timer, in milliseconds; longer ones would fire at once. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** Nothing changed: also what we say of a body that was read before. */
const NOT_MODIFIED = 304;

/** What the core wants done. */
type Effect =
  | ['send', id: number, url: string, headers: Record<string, string>, millis: number]
  | ['abort', id: number]
  | ['track', id: number, event: AssignmentEvent]
  | ['dropped', id: number, code: ExperimentErrorCode]
  | ['settle', code?: ExperimentErrorCode, status?: number]
  | ['log', level: number, sentence: string, code?: ExperimentErrorCode];

/** A promise of `start` or `refresh`. */
type Open = { resolve(): void; reject(error: ExperimentError): void };

/**
 * Evaluates flags in Node and at the edge, without a request per user: loads and polls them, and tells one assignment for each user, result
 * and UTC day.
 *
 * ```ts
 * const experiment = new LocalEvaluationClient('SERVER_DEPLOYMENT_KEY', { serverUrl, assignmentTrackingProvider });
 * await experiment.start();
 * const { key } = experiment.evaluateV2({ user_id: 'mira' })['checkout-button'] ?? {};
 * ```
 *
 * Where no timers are kept, at the edge, leave `start` out and call `refresh` when it is time.
 */
export class LocalEvaluationClient {
  private readonly seed_: string;
  private readonly provider_?: LocalEvaluationConfig['assignmentTrackingProvider'];
  private readonly http_?: HttpClient;
  private readonly logger_: Logger;
  /** What outlives an instance: the flags, what is asked of it, and what was told and is not settled. */
  private flags_?: string;
  private isPolling_ = false;
  private readonly open_: Open[] = [];
  private readonly told_ = new Map<number, string>();
  /** Those that were refused and are told again: a process waits for them. */
  private readonly refused_ = new Set<number>();
  private readonly requests_ = new Map<number, AbortController>();
  private core_?: EvaluateCore;
  private local_?: LocalCore;
  private timer_?: ReturnType<typeof setTimeout>;
  private due_?: number;

  /**
   * @param apiKey a server deployment's key
   * @throws {@link ExperimentError} `BAD_ARGUMENT` when `bootstrap` holds no flags
   */
  constructor(apiKey: string, config: LocalEvaluationConfig = {}) {
    const options = copyOptions(config) as LocalEvaluationConfig;
    const zone = String(options.serverZone).toLowerCase() === 'eu' ? 'eu' : 'us';
    this.provider_ = options.assignmentTrackingProvider;
    this.http_ = options.httpClient;
    this.logger_ = leveled(options.loggerProvider, options.debug === true ? LogLevel.Debug : (options.logLevel ?? LogLevel.Error));
    this.seed_ = JSON.stringify({
      apiKey,
      serverUrl: options.serverUrl || SERVERS[zone],
      tracks: !!this.provider_,
      environmentName: options.environmentName,
      pollingMillis: options.flagConfigPollingIntervalMillis,
      capacity: options.assignmentConfig?.cacheCapacity,
    });
    const { bootstrap } = options;
    if (bootstrap !== undefined) {
      const flags = typeof bootstrap === 'string' ? bootstrap : textOf(bootstrap, 'bootstrap');
      this.with_((local) => local.setFlags(flags));
      this.flags_ = flags;
    }
  }

  /**
   * Loads the flags, and polls them from then on. The timer does not keep a process alive.
   *
   * @returns a promise that resolves when they are there. It rejects with an {@link ExperimentError} when they cannot be had in three tries;
   * polling goes on all the same, and the flags that are there stay.
   */
  start(): Promise<void> {
    this.isPolling_ = true;
    return this.wait_((local) => local.start());
  }

  /** Loads the flags once, for where no timers are kept. The promise is that of {@link start}. */
  refresh(): Promise<void> {
    return this.wait_((local) => local.refresh());
  }

  /** Polls no more. Users are evaluated with the flags that are there. */
  stop(): void {
    this.isPolling_ = false;
    this.quietly_((local) => local.stop());
  }

  /**
   * The variants of a user, by flag key; default variants (`metadata.default`) are among them. A flag that has no variant for the user is
   * not. If the result is new today, the provider is told.
   *
   * @param user who is evaluated. Nothing of them is kept for the next one
   * @param flagKeys only these flags and those they depend on; default: all
   * @throws {@link ExperimentError} `BAD_ARGUMENT`, `WASM_UNAVAILABLE`; `WASM_TRAPPED` when the core broke twice over this call
   */
  evaluateV2(user: ExperimentUser, flagKeys?: string[]): Variants {
    const userText = textOf(user, 'user');
    const keysText = flagKeys && textOf(flagKeys, 'flagKeys');
    return this.with_((local) => local.evaluate(userText, keysText)) as Variants;
  }

  /** {@link evaluateV2} without the default variants, as a promise. */
  async evaluate(user: ExperimentUser, flagKeys?: string[]): Promise<Variants> {
    const variants = this.evaluateV2(user, flagKeys);
    for (const [key, variant] of Object.entries(variants)) if (variant.metadata?.default) delete variants[key];
    return variants;
  }

  private wait_(begin: (local: LocalCore) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const open = { resolve, reject };
      this.open_.push(open);
      try {
        this.with_(begin);
      } catch (error) {
        this.open_.splice(this.open_.indexOf(open), 1);
        reject(error);
      }
    });
  }

  /** What the core says, and then what it wants done. */
  private with_<T>(use: (local: LocalCore) => T): T {
    const answer = ask((core) => use(this.of_(core)));
    this.drain_();
    return answer;
  }

  /** For what nobody called: there is nobody to throw to. */
  private quietly_(use: (local: LocalCore) => void): void {
    try {
      this.with_(use);
    } catch (error) {
      say(this.logger_, LogLevel.Error, 'local evaluation broke', error);
    }
  }

  /** Our part of this instance; of a new one, built from what outlived the one before. */
  private of_(core: EvaluateCore): LocalCore {
    if (this.core_ === core) return this.local_!;
    const local = new core.CoreLocal(this.seed_);
    const lost = [...this.told_.values()];
    if (this.flags_ !== undefined) local.setFlags(this.flags_);
    this.told_.clear();
    this.refused_.clear();
    this.requests_.forEach((request) => request.abort());
    this.requests_.clear();
    for (const effect of lost) local.takeUp(JSON.stringify(JSON.parse(effect)[2]));
    if (this.core_ && this.isPolling_) local.start();
    else if (this.open_.length) local.refresh();
    this.core_ = core;
    this.due_ = undefined;
    return (this.local_ = local);
  }

  private drain_(): void {
    for (let effect; (effect = ask((core) => this.of_(core).poll())); ) this.perform_(effect);
    this.arm_();
  }

  private perform_(text: string): void {
    const effect = JSON.parse(text) as Effect;
    switch (effect[0]) {
      case 'send':
        return void this.send_(this.local_!, effect[1], effect[2], effect[3], effect[4]);
      case 'abort':
        return this.requests_.get(effect[1])?.abort();
      case 'track':
        this.told_.set(effect[1], text);
        this.refused_.delete(effect[1]);
        return this.track_(this.local_!, effect[1], effect[2]);
      case 'dropped':
        this.told_.delete(effect[1]);
        this.refused_.delete(effect[1]);
        return say(this.logger_, LogLevel.Error, 'an assignment was given up', failed('an assignment was given up', effect[2]));
      case 'settle':
        return this.settle_(effect[1], effect[2]);
      case 'log':
        return say(this.logger_, effect[1], effect[2], effect[3] && failed(effect[2], effect[3]));
    }
  }

  private async send_(local: LocalCore, id: number, url: string, headers: Record<string, string>, millis: number): Promise<void> {
    const abort = new AbortController();
    this.requests_.set(id, abort);
    let answer: SimpleResponse & { retryAfter?: number } = { status: 0, body: '' };
    try {
      answer = await (this.http_ ? this.http_.request(url, 'GET', headers, null!, millis) : fetched(url, headers, abort.signal));
    } catch {
      // No answer came, which is what the status 0 says.
    }
    const { status, body, retryAfter } = answer;
    const known = status === 200 && body === this.flags_;
    this.quietly_((current) => {
      // The instance that asked is gone, and the next one asks itself.
      if (current !== local) return;
      this.requests_.delete(id);
      if (current.answered(id, known ? NOT_MODIFIED : status, known ? '' : body, retryAfter)) this.flags_ = body;
    });
  }

  /** Whatever the provider does ends here. */
  private track_(local: LocalCore, id: number, event: AssignmentEvent): void {
    const tell = (taken: boolean) =>
      this.quietly_((current) => {
        if (current !== local) return;
        if (taken) this.told_.delete(id);
        else if (this.told_.has(id)) this.refused_.add(id);
        current.tracked(id, taken);
      });
    try {
      const provider = this.provider_!;
      const answer: any = typeof provider === 'function' ? provider(event) : provider.track(event);
      if (typeof answer?.then !== 'function') return tell(answer !== false);
      Promise.resolve(answer).then(
        (said) => tell(said !== false),
        () => tell(false),
      );
    } catch {
      tell(false);
    }
  }

  private settle_(code?: ExperimentErrorCode, status?: number): void {
    for (const { resolve, reject } of this.open_.splice(0)) {
      if (code) reject(failed('the flags could not be loaded', code, status));
      else resolve();
    }
  }

  /** One timer for all. A process waits for it only while somebody waits for the flags, or an assignment for its next try. */
  private arm_(): void {
    const due = ask((core) => this.of_(core).nextTimeout());
    if (due === this.due_) return;
    clearTimeout(this.timer_);
    this.due_ = due;
    if (due === undefined) return;
    const fire = () => {
      this.due_ = undefined;
      this.quietly_((local) => local.timeout());
    };
    this.timer_ = setTimeout(fire, Math.min(Math.max(due - performance.now(), 0), LONGEST_DELAY));
    if (!this.open_.length && !this.refused_.size) (this.timer_ as { unref?(): void }).unref?.();
  }
}

async function fetched(url: string, headers: Record<string, string>, signal: AbortSignal) {
  const response = await fetch(url, { headers, signal });
  return {
    status: response.status,
    body: await response.text(),
    retryAfter: Number(response.headers.get('Retry-After')) || undefined,
  };
}

const clients = new Map<string, LocalEvaluationClient>();

/** Makes clients, by the name that `@amplitude/experiment-node-server` has for it. */
export const Experiment = {
  /** The client of this key and `instanceName`: made at the first call, and the same one from then on. */
  initializeLocal(apiKey: string, config: LocalEvaluationConfig = {}): LocalEvaluationClient {
    const name = JSON.stringify([apiKey, config?.instanceName]);
    const client = clients.get(name) ?? new LocalEvaluationClient(apiKey, config);
    clients.set(name, client);
    return client;
  },
};
