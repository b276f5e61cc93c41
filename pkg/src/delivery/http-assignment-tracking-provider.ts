// Delivery of assignments without an analytics SDK: passes events to the core's outbox, and keeps them here,
// where they survive a trap.

import type { OutboxCore } from 'core:evaluate';
import type { AssignmentEvent, AssignmentTrackingProvider } from '../api/assignment.js';
import type { HttpClient } from '../api/http-client.js';
import { filteredLogger, type Logger, LogLevel } from '../api/logger.js';
import { CallbackKind } from '../wasm/host.js';
import { loggingInit, MachineDriver } from '../wasm/machine-driver.js';
import { requiredOption } from './required-option.js';

/** The options of {@link HttpAssignmentTrackingProvider}. */
export interface HttpAssignmentTrackingOptions {
  /** The project's API key (not the deployment key). */
  apiKey: string;
  /**
   * The whole address of an Amplitude-compatible endpoint, for instance
   * `https://api2.amplitude.com/2/httpapi`.
   */
  serverUrl: string;
  /** Gets errors. Default: the console. */
  loggerProvider?: Logger;
  /** Sends the requests. Default: `fetch`. */
  httpClient?: HttpClient;
}

/**
 * Sends assignments to an Amplitude-compatible endpoint: for the option `assignmentTrackingProvider` of
 * {@link LocalEvaluationClient}.
 *
 * Events wait in memory, are sent in batches, and are retried for seven days, until the server answers what
 * became of each. When 2,000 wait, it refuses more until there is room. A process that ends waits for the
 * first try; await {@link flush} to wait for all.
 */
export class HttpAssignmentTrackingProvider implements AssignmentTrackingProvider {
  private readonly driver_: MachineDriver<OutboxCore>;
  private readonly survivingTexts_ = new ObservedMap(() => this.onDelivered_());
  private readonly flushes_: Array<() => void> = [];
  private isFailing_ = false;

  /**
   * @throws {@link ExperimentError} `BAD_ARGUMENT` when `apiKey` or `serverUrl` is missing, empty or no text.
   */
  constructor(options: HttpAssignmentTrackingOptions) {
    const apiKey = requiredOption(options, 'apiKey', 'HttpAssignmentTrackingProvider');
    const serverUrl = requiredOption(options, 'serverUrl', 'HttpAssignmentTrackingProvider');
    const logger = filteredLogger(options.loggerProvider, LogLevel.Error);
    this.driver_ = new MachineDriver({
      logger_: logger,
      init_: {
        apiKey,
        serverUrl,
        httpClient: options.httpClient,
        survivingTexts_: this.survivingTexts_,
        ...loggingInit(logger),
      },
      build_: (core, host) => new core.CoreDelivery(host),
      isAwaited_: () => this.flushes_.length > 0 || (this.survivingTexts_.size > 0 && !this.isFailing_),
      filterResult_: (...result) => {
        // Until an event is deleted for it: a response may be that of a proxy.
        if (result[0] !== CallbackKind.TimedOut) this.isFailing_ = true;
        return result;
      },
    });
  }

  /** Called by the client. Returns `false` when there is no room for the event. */
  track(event: AssignmentEvent): unknown {
    return this.driver_.call_((outbox) => !outbox.isFull() && outbox.track(JSON.stringify(event)));
  }

  /**
   * Sends the events that wait, now. The promise resolves when none waits any more, after as many tries as
   * that takes.
   */
  flush(): Promise<void> {
    return new Promise((resolve) => {
      this.flushes_.push(resolve);
      this.driver_.callQuietly_((outbox) => outbox.flush(false));
      if (!this.survivingTexts_.size) this.resolveFlushes_();
    });
  }

  /** Sends the events that wait, once, and then no more. */
  close(): void {
    this.driver_.callQuietly_((outbox) => outbox.close());
    this.resolveFlushes_();
  }

  private onDelivered_(): void {
    this.isFailing_ = false;
    if (!this.survivingTexts_.size) this.resolveFlushes_();
  }

  private resolveFlushes_(): void {
    for (const resolve of this.flushes_.splice(0)) resolve();
  }
}

/** A map that calls back after an entry was deleted. */
class ObservedMap extends Map<string, string> {
  constructor(private readonly onDelete_: () => void) {
    super();
  }

  override delete(key: string): boolean {
    const isGone = super.delete(key);
    if (isGone) this.onDelete_();
    return isGone;
  }
}
