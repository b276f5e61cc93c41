// The client for Node and the edge. The core decides when flags are loaded, which variants a user gets, and
// when an assignment is tracked; here are its promises and its provider.

import type { LocalCore } from 'core:evaluate';
import type { AssignmentEvent, AssignmentTrackingProvider } from '../api/assignment.js';
import { copyOptions, levelOf } from '../api/config.js';
import { badArgument, ExperimentError } from '../api/error.js';
import type { Flags } from '../api/flag.js';
import type { HttpClient } from '../api/http-client.js';
import { filteredLogger, type Logger, type LogLevel } from '../api/logger.js';
import type { ExperimentUser } from '../api/user.js';
import { argumentJson } from '../wasm/evaluate-instance.js';
import { loggingInit, MachineDriver } from '../wasm/machine-driver.js';
import { type PendingRequest, requestPromise } from '../wasm/pending-request.js';

/** A variant of a {@link LocalEvaluationClient}. */
export type Variant = {
  /** The variant's key, for instance `control`, `treatment`, `on`, `off`. */
  key?: string;
  /** The variant's value; as JSON where it is no text. */
  value?: string;
  /** The JSON that the flag attaches to the variant. */
  payload?: any;
  /**
   * What evaluation says about flag, segment and variant, for instance `default`: the user is in no variant.
   */
  metadata?: Record<string, any>;
};

/** Variants by flag key. */
export type Variants = Record<string, Variant>;

/** The options for assignments. */
export type AssignmentConfig = {
  /**
   * How many assignments of the day are remembered, so that they are not tracked again. Default: 65,536,
   * which take some 7 MB.
   */
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
  /**
   * The name of the client: `Experiment.initializeLocal` returns the same client for the same name and key.
   */
  instanceName?: string;
  /** The origin of the server of flags. Default: Amplitude's, by `serverZone`. An empty one is an error. */
  serverUrl?: string;
  /** Amplitude's data centre: `us` or `eu`. Default: `us`. */
  serverZone?: string;
  /** Flags to start with, until others are loaded. */
  bootstrap?: Flags;
  /** The interval of polling for flags, in milliseconds. Default: 30,000. */
  flagConfigPollingIntervalMillis?: number;
  /**
   * Tracks assignments: your analytics, or {@link HttpAssignmentTrackingProvider}. Default: none, they are
   * not tracked.
   */
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

/** Under this key the core keeps the flags' text; beside it stand the assignments that are not settled. */
const FLAGS = 'flags';

/** Polling has no promise. */
const UNAWAITED: PendingRequest = { isStart: true, resolve() {}, reject() {} };

/**
 * Evaluates flags in Node and at the edge, without a request per user: loads and polls them, and tracks one
 * assignment for each user, result and UTC day.
 *
 * ```ts
 * const options = { serverUrl, assignmentTrackingProvider };
 * const experiment = new LocalEvaluationClient('SERVER_DEPLOYMENT_KEY', options);
 * await experiment.start();
 * const { key } = experiment.evaluateV2({ user_id: 'mira' })['checkout-button'] ?? {};
 * ```
 *
 * At the edge, where timers do not last, call `refresh` in the place of `start`, when the flags are too old.
 */
export class LocalEvaluationClient {
  private readonly provider_?: LocalEvaluationConfig['assignmentTrackingProvider'];
  private readonly driver_: MachineDriver<LocalCore>;
  /**
   * What survives a trap: the flags and the assignments that are not settled, the calls that wait, and
   * whether it polls.
   */
  private readonly survivingTexts_ = new Map<string, string>();
  private readonly pending_ = new Set<PendingRequest>();
  private isPolling_ = false;
  /** How many promises of the provider are not settled. */
  private offered_ = 0;

  /**
   * @param apiKey a server deployment's key
   * @param config the options; see {@link LocalEvaluationConfig}
   * @throws {@link ExperimentError} `BAD_ARGUMENT` when `bootstrap` holds no flags, and when `serverUrl` is
   * empty
   */
  constructor(apiKey: string, config: LocalEvaluationConfig = {}) {
    const options = copyOptions(config) as LocalEvaluationConfig;
    const zone = String(options.serverZone).toLowerCase() === 'eu' ? 'eu' : 'us';
    const { serverUrl = SERVERS[zone] } = options;
    if (!`${serverUrl}`.trim()) throw badArgument('serverUrl');
    this.provider_ = options.assignmentTrackingProvider;
    const logger = filteredLogger(options.loggerProvider, levelOf(options));
    const plain = JSON.stringify({
      apiKey,
      serverUrl,
      tracks: !!this.provider_,
      environmentName: options.environmentName,
      pollingMillis: options.flagConfigPollingIntervalMillis,
      capacity: options.assignmentConfig?.cacheCapacity,
    });
    this.driver_ = new MachineDriver({
      logger_: logger,
      init_: {
        config: plain,
        httpClient: options.httpClient,
        exposureTrackingProvider: { track: (_, event) => this.track_(event as unknown as AssignmentEvent) },
        survivingTexts_: this.survivingTexts_,
        ...loggingInit(logger),
      },
      build_: (core, host, isAgain) => this.restored_(new core.CoreLocal(host), isAgain),
      isAwaited_: () => this.pending_.size > 0 || this.isRefused_(),
      filterResult_: (kind, id, status, body, retryAfter) =>
        status === 200 && body === this.survivingTexts_.get(FLAGS)
          ? [kind, id, NOT_MODIFIED, '', retryAfter]
          : [kind, id, status, body, retryAfter],
    });
    const { bootstrap } = options;
    if (bootstrap !== undefined) {
      const flags = typeof bootstrap === 'string' ? bootstrap : argumentJson(bootstrap, 'bootstrap');
      this.driver_.call_((local) => local.setFlags(flags));
    }
  }

  /**
   * Loads the flags, and then polls for them. The timer does not keep a process alive.
   *
   * @returns a promise that resolves when they are loaded. It rejects with an {@link ExperimentError} after
   * three failed tries. Polling goes on then, and the flags of before stay.
   */
  start(): Promise<void> {
    this.isPolling_ = true;
    return this.request_(true);
  }

  /** Loads the flags once, where timers do not last. Returns a promise like that of {@link start}. */
  refresh(): Promise<void> {
    return this.request_(false);
  }

  /** Stops polling. Users are evaluated with the flags of before. */
  stop(): void {
    this.isPolling_ = false;
    this.driver_.callQuietly_((local) => local.stop());
  }

  /**
   * The variants of a user, by flag key, with default variants (`metadata.default`). Flags without a variant
   * for the user are left out. If the result is new today, the assignment is tracked.
   *
   * @param user the user
   * @param flagKeys only these flags and those they depend on; default: all
   * @throws {@link ExperimentError} `BAD_ARGUMENT`, `WASM_UNAVAILABLE`; `WASM_TRAPPED` when the core broke
   * twice over this call
   */
  evaluateV2(user: ExperimentUser, flagKeys?: string[]): Variants {
    const userText = argumentJson(user, 'user');
    const keysText = flagKeys && argumentJson(flagKeys, 'flagKeys');
    return this.driver_.call_((local) => local.evaluate(userText, keysText)) as Variants;
  }

  /** {@link evaluateV2} without the default variants, as a promise. */
  async evaluate(user: ExperimentUser, flagKeys?: string[]): Promise<Variants> {
    const variants = this.evaluateV2(user, flagKeys);
    for (const [key, variant] of Object.entries(variants))
      if (variant.metadata?.default) delete variants[key];
    return variants;
  }

  private request_(isStart: boolean): Promise<void> {
    return requestPromise(this.pending_, 'the flags could not be loaded', { isStart }, (request) =>
      this.driver_.call_((local) => (isStart ? local.start(request) : local.refresh(request))),
    );
  }

  /** Gives a new machine the calls that wait. */
  private restored_(local: LocalCore, isAgain: boolean): LocalCore {
    for (const request of this.pending_)
      if (request.isStart) local.start(request);
      else local.refresh(request);
    if (isAgain && this.isPolling_) local.start(UNAWAITED);
    return local;
  }

  /** Exceptions of the provider end in the host. */
  private track_(event: AssignmentEvent): unknown {
    const provider = this.provider_!;
    const answer: any = typeof provider === 'function' ? provider(event) : provider.track(event);
    if (typeof answer?.then !== 'function') return answer;
    this.offered_++;
    return Promise.resolve(answer).finally(() => this.offered_--);
  }

  /** Whether assignments were refused and will be offered again: a process waits for them. */
  private isRefused_(): boolean {
    return this.survivingTexts_.size - Number(this.survivingTexts_.has(FLAGS)) > this.offered_;
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
