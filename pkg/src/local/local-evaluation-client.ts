// The client for Node and the edge. The core's local evaluation decides when flags are asked for, what a user gets and which assignment is told
// when; here are its promises and its provider.

import type { LocalCore } from 'core:evaluate';
import type { AssignmentEvent, AssignmentTrackingProvider } from '../api/assignment.js';
import { copyOptions, levelOf } from '../api/config.js';
import { ExperimentError, type ExperimentErrorCode, failed, unusable } from '../api/error.js';
import type { Flags } from '../api/flag.js';
import { textOf } from '../wasm/evaluate-instance.js';
import { giveUp, Part } from '../wasm/machine-driver.js';
import { leveled, type Logger, LogLevel } from '../api/logger.js';
import type { HttpClient } from '../api/http-client.js';
import type { ExperimentUser } from '../api/user.js';

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
  /** The origin that flags are asked of. Default: Amplitude's, by `serverZone`. An empty one is an error. */
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

/** Nothing changed: also what we say of a body that was read before. */
const NOT_MODIFIED = 304;

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
  private readonly provider_?: LocalEvaluationConfig['assignmentTrackingProvider'];
  private readonly logger_: Logger;
  /** What outlives an instance: the flags, what is asked of it, and what was told and is not settled. */
  private flags_?: string;
  private isPolling_ = false;
  private readonly open_: Open[] = [];
  private readonly told_ = new Map<number, string>();
  /** Those that were refused and are told again: a process waits for them. */
  private readonly refused_ = new Set<number>();
  private readonly part_: Part<LocalCore>;

  /**
   * @param apiKey a server deployment's key
   * @throws {@link ExperimentError} `BAD_ARGUMENT` when `bootstrap` holds no flags, and when `serverUrl` is empty
   */
  constructor(apiKey: string, config: LocalEvaluationConfig = {}) {
    const options = copyOptions(config) as LocalEvaluationConfig;
    const zone = String(options.serverZone).toLowerCase() === 'eu' ? 'eu' : 'us';
    const { serverUrl = SERVERS[zone] } = options;
    if (!`${serverUrl}`.trim()) throw unusable('serverUrl');
    this.provider_ = options.assignmentTrackingProvider;
    this.logger_ = leveled(options.loggerProvider, levelOf(options));
    const seed = JSON.stringify({
      apiKey,
      serverUrl,
      tracks: !!this.provider_,
      environmentName: options.environmentName,
      pollingMillis: options.flagConfigPollingIntervalMillis,
      capacity: options.assignmentConfig?.cacheCapacity,
    });
    this.part_ = new Part({
      http_: options.httpClient,
      logger_: this.logger_,
      build_: (core, isAgain) => this.resumed_(new core.CoreLocal(seed), isAgain),
      perform_: (effect, text) => this.perform_(effect, text),
      isAwaited_: () => this.open_.length + this.refused_.size > 0,
      hear_: (local, id, { status, body, retryAfter }) => {
        const isKnown = status === 200 && body === this.flags_;
        const isTaken = local.answered(id, isKnown ? NOT_MODIFIED : status, isKnown ? '' : body, retryAfter);
        if (isTaken) this.flags_ = body;
      },
    });
    const { bootstrap } = options;
    if (bootstrap !== undefined) {
      const flags = typeof bootstrap === 'string' ? bootstrap : textOf(bootstrap, 'bootstrap');
      this.part_.use_((local) => local.setFlags(flags));
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
    this.part_.quietly_((local) => local.stop());
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
    return this.part_.use_((local) => local.evaluate(userText, keysText)) as Variants;
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
        this.part_.use_(begin);
      } catch (error) {
        this.open_.splice(this.open_.indexOf(open), 1);
        reject(error);
      }
    });
  }

  /** A new machine takes over what outlived the one before. */
  private resumed_(local: LocalCore, isAgain: boolean): LocalCore {
    const lost = [...this.told_.values()];
    if (this.flags_ !== undefined) local.setFlags(this.flags_);
    this.told_.clear();
    this.refused_.clear();
    for (const effect of lost) local.takeUp(JSON.stringify(JSON.parse(effect)[2]));
    if (isAgain && this.isPolling_) local.start();
    else if (this.open_.length) local.refresh();
    return local;
  }

  private perform_([name, ...of]: any[], text: string): void {
    const [id] = of;
    switch (name) {
      case 'track':
        this.told_.set(id, text);
        this.refused_.delete(id);
        return this.track_(id, of[1]);
      case 'dropped':
        this.told_.delete(id);
        this.refused_.delete(id);
        return giveUp(this.logger_, of[1]);
      case 'settle':
        return this.settle_(of[0], of[1]);
    }
  }

  /** Whatever the provider does ends here. */
  private track_(id: number, event: AssignmentEvent): void {
    const later = this.part_.later_();
    const tell = (isTaken: boolean) =>
      later((local) => {
        if (isTaken) this.told_.delete(id);
        else if (this.told_.has(id)) this.refused_.add(id);
        local.tracked(id, isTaken);
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
      if (code) reject(failed('the flags could not be loaded', code, status || this.part_.cause_));
      else resolve();
    }
  }
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
