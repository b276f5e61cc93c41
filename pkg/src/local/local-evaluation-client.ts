// The client for Node and the edge. The core decides when flags are loaded, which variants a user gets, and when an assignment is tracked; here
// are its promises and its provider.

import type { LocalCore } from 'core:evaluate';
import type { AssignmentEvent, AssignmentTrackingProvider } from '../api/assignment.js';
import { copyOptions, levelOf } from '../api/config.js';
import { ExperimentError, type ExperimentErrorCode, errorOf, badArgument } from '../api/error.js';
import type { Flags } from '../api/flag.js';
import { argumentJson } from '../wasm/evaluate-instance.js';
import { giveUp, Part } from '../wasm/machine-driver.js';
import { filteredLogger, type Logger, LogLevel } from '../api/logger.js';
import type { HttpClient } from '../api/http-client.js';
import type { ExperimentUser } from '../api/user.js';

/** A variant of a {@link LocalEvaluationClient}. */
export type Variant = {
  /** The variant's key, for instance `control`, `treatment`, `on`, `off`. */
  key?: string;
  /** The variant's value; as JSON where it is no text. */
  value?: string;
  /** The JSON that the flag attaches to the variant. */
  payload?: any;
  /** What evaluation says about flag, segment and variant, for instance `default`: the user is in no variant. */
  metadata?: Record<string, any>;
};

/** Variants by flag key. */
export type Variants = Record<string, Variant>;

/** The options for assignments. */
export type AssignmentConfig = {
  /** How many assignments of the day are remembered, so that they are not tracked again. Default: 65,536, which take some 7 MB. */
  cacheCapacity?: number;
};

/** The options of a {@link LocalEvaluationClient}. An option that is missing or `null` has its default. */
export interface LocalEvaluationConfig {
  /** @deprecated Use `logLevel`. `true` means `LogLevel.Debug`. */
  debug?: boolean;
  /** The level up to which messages are logged. Default: `LogLevel.Error`. */
  logLevel?: LogLevel;
  /** Gets the messages. Default: the console. */
  loggerProvider?: Logger;
  /** The name of the client: `Experiment.initializeLocal` returns the same client for the same name and key. */
  instanceName?: string;
  /** The origin of the server of flags. Default: Amplitude's, by `serverZone`. An empty one is an error. */
  serverUrl?: string;
  /** Amplitude's data centre: `us` or `eu`. Default: `us`. */
  serverZone?: string;
  /** Flags to start with, until others are loaded. */
  bootstrap?: Flags;
  /** The interval of polling for flags, in milliseconds. Default: 30,000. */
  flagConfigPollingIntervalMillis?: number;
  /** Tracks assignments: your analytics, or {@link HttpAssignmentTrackingProvider}. Default: none, they are not tracked. */
  assignmentTrackingProvider?: AssignmentTrackingProvider | AssignmentTrackingProvider['track'];
  /** Options for assignments. */
  assignmentConfig?: AssignmentConfig;
  /** The property `[Experiment] Environment Name` of assignments: the deployment's name. */
  environmentName?: string;
  /** Sends the requests. Default: `fetch`. */
  httpClient?: HttpClient;
}

/** Amplitude's flag servers by zone: those of `@amplitude/experiment-node-server`. */
const SERVERS = { us: 'https://api.lab.amplitude.com', eu: 'https://flag.lab.eu.amplitude.com' };

/** Not modified. The core also gets it for a body that it has read before. */
const NOT_MODIFIED = 304;

/** A promise of `start` or `refresh`. */
type Pending = { resolve(): void; reject(error: ExperimentError): void };

/**
 * Evaluates flags in Node and at the edge, without a request per user: loads and polls them, and tracks one assignment for each user, result
 * and UTC day.
 *
 * ```ts
 * const experiment = new LocalEvaluationClient('SERVER_DEPLOYMENT_KEY', { serverUrl, assignmentTrackingProvider });
 * await experiment.start();
 * const { key } = experiment.evaluateV2({ user_id: 'mira' })['checkout-button'] ?? {};
 * ```
 *
 * At the edge, where timers do not last, call `refresh` in the place of `start`, when the flags are too old.
 */
export class LocalEvaluationClient {
  private readonly provider_?: LocalEvaluationConfig['assignmentTrackingProvider'];
  private readonly logger_: Logger;
  /** What survives a trap: the flags, the requests, and the assignments that are not settled. */
  private flags_?: string;
  private isPolling_ = false;
  private readonly pending_: Pending[] = [];
  private readonly offered_ = new Map<number, string>();
  /** Assignments that were refused and are offered again: a process waits for them. */
  private readonly refused_ = new Set<number>();
  private readonly part_: Part<LocalCore>;

  /**
   * @param apiKey a server deployment's key
   * @param config the options; see {@link LocalEvaluationConfig}
   * @throws {@link ExperimentError} `BAD_ARGUMENT` when `bootstrap` holds no flags, and when `serverUrl` is empty
   */
  constructor(apiKey: string, config: LocalEvaluationConfig = {}) {
    const options = copyOptions(config) as LocalEvaluationConfig;
    const zone = String(options.serverZone).toLowerCase() === 'eu' ? 'eu' : 'us';
    const { serverUrl = SERVERS[zone] } = options;
    if (!`${serverUrl}`.trim()) throw badArgument('serverUrl');
    this.provider_ = options.assignmentTrackingProvider;
    this.logger_ = filteredLogger(options.loggerProvider, levelOf(options));
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
      build_: (core, isAgain) => this.restored_(new core.CoreLocal(seed), isAgain),
      perform_: (effect, text) => this.perform_(effect, text),
      isAwaited_: () => this.pending_.length + this.refused_.size > 0,
      hear_: (local, id, { status, body, retryAfter }) => {
        const isKnown = status === 200 && body === this.flags_;
        const isTaken = local.answered(id, isKnown ? NOT_MODIFIED : status, isKnown ? '' : body, retryAfter);
        if (isTaken) this.flags_ = body;
      },
    });
    const { bootstrap } = options;
    if (bootstrap !== undefined) {
      const flags = typeof bootstrap === 'string' ? bootstrap : argumentJson(bootstrap, 'bootstrap');
      this.part_.use_((local) => local.setFlags(flags));
      this.flags_ = flags;
    }
  }

  /**
   * Loads the flags, and then polls for them. The timer does not keep a process alive.
   *
   * @returns a promise that resolves when they are loaded. It rejects with an {@link ExperimentError} after three failed tries. Polling goes on
   * then, and the flags of before stay.
   */
  start(): Promise<void> {
    this.isPolling_ = true;
    return this.wait_((local) => local.start());
  }

  /** Loads the flags once, where timers do not last. Returns a promise like that of {@link start}. */
  refresh(): Promise<void> {
    return this.wait_((local) => local.refresh());
  }

  /** Stops polling. Users are evaluated with the flags of before. */
  stop(): void {
    this.isPolling_ = false;
    this.part_.quietly_((local) => local.stop());
  }

  /**
   * The variants of a user, by flag key, with default variants (`metadata.default`). Flags without a variant for the user are left out. If the
   * result is new today, the assignment is tracked.
   *
   * @param user the user
   * @param flagKeys only these flags and those they depend on; default: all
   * @throws {@link ExperimentError} `BAD_ARGUMENT`, `WASM_UNAVAILABLE`; `WASM_TRAPPED` when the core broke twice over this call
   */
  evaluateV2(user: ExperimentUser, flagKeys?: string[]): Variants {
    const userText = argumentJson(user, 'user');
    const keysText = flagKeys && argumentJson(flagKeys, 'flagKeys');
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
      this.pending_.push(open);
      try {
        this.part_.use_(begin);
      } catch (error) {
        this.pending_.splice(this.pending_.indexOf(open), 1);
        reject(error);
      }
    });
  }

  /** Gives a new machine what survived the trap of the one before. */
  private restored_(local: LocalCore, isAgain: boolean): LocalCore {
    const lost = [...this.offered_.values()];
    if (this.flags_ !== undefined) local.setFlags(this.flags_);
    this.offered_.clear();
    this.refused_.clear();
    for (const effect of lost) local.takeUp(JSON.stringify(JSON.parse(effect)[2]));
    if (isAgain && this.isPolling_) local.start();
    else if (this.pending_.length) local.refresh();
    return local;
  }

  private perform_([name, ...of]: any[], text: string): void {
    const [id] = of;
    switch (name) {
      case 'track':
        this.offered_.set(id, text);
        this.refused_.delete(id);
        return this.track_(id, of[1]);
      case 'dropped':
        this.offered_.delete(id);
        this.refused_.delete(id);
        return giveUp(this.logger_, of[1]);
      case 'settle':
        return this.settle_(of[0], of[1]);
    }
  }

  /** Exceptions of the provider end here. */
  private track_(id: number, event: AssignmentEvent): void {
    const later = this.part_.later_();
    const settle = (isTaken: boolean) =>
      later((local) => {
        if (isTaken) this.offered_.delete(id);
        else if (this.offered_.has(id)) this.refused_.add(id);
        local.tracked(id, isTaken);
      });
    try {
      const provider = this.provider_!;
      const answer: any = typeof provider === 'function' ? provider(event) : provider.track(event);
      if (typeof answer?.then !== 'function') return settle(answer !== false);
      Promise.resolve(answer).then(
        (answer) => settle(answer !== false),
        () => settle(false),
      );
    } catch {
      settle(false);
    }
  }

  private settle_(code?: ExperimentErrorCode, status?: number): void {
    for (const { resolve, reject } of this.pending_.splice(0)) {
      if (code) reject(errorOf('the flags could not be loaded', code, status || this.part_.cause_));
      else resolve();
    }
  }
}

const clients = new Map<string, LocalEvaluationClient>();

/** Makes clients, under the name that `@amplitude/experiment-node-server` has for it. */
export const Experiment = {
  /** The client of this key and `instanceName`: made at the first call, and returned by later ones. */
  initializeLocal(apiKey: string, config: LocalEvaluationConfig = {}): LocalEvaluationClient {
    const name = JSON.stringify([apiKey, config?.instanceName]);
    const client = clients.get(name) ?? new LocalEvaluationClient(apiKey, config);
    clients.set(name, client);
    return client;
  },
};
