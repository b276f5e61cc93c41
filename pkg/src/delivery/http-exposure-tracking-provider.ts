// Delivery of exposures without an analytics SDK: passes events to the core's outbox, and flushes it when the
// page is left.

import { type ExperimentError, type ExperimentErrorCode, errorOf } from '../api/error.js';
import type { Exposure, ExposureEvent, ExposureTrackingProvider } from '../api/exposure.js';
import { filteredLogger, type Logger, LogLevel, logAt } from '../api/logger.js';
import { toJson } from '../runtime/json.js';
import { attempt, callSafely } from '../runtime/safe-call.js';
import type { DeliveryCore } from '../wasm/boundary.js';
import {
  type CoreSlot,
  callCore,
  driven,
  permanentFailure,
  register,
  type Standby,
  unregister,
} from '../wasm/client-instance.js';
import { requiredOption } from './required-option.js';

/**
 * How many events wait for the wasm: the size of the reference's queue. Of more the oldest is given up, and
 * reported.
 */
const MAX_QUEUED = 512;

/** The options of {@link HttpExposureTrackingProvider}. */
export interface HttpExposureTrackingOptions {
  /** The project's API key (not the deployment key). */
  apiKey: string;
  /**
   * The whole address of an Amplitude-compatible endpoint, for instance
   * `https://api2.amplitude.com/2/httpapi`.
   */
  serverUrl: string;
  /** Gets errors. Default: the console. */
  loggerProvider?: Logger;
}

/**
 * Sends exposures to an Amplitude-compatible endpoint, so that a page needs no analytics SDK: for the option
 * `exposureTrackingProvider`.
 *
 * Events wait in `localStorage`, one entry each, until the server answers what became of them: they survive
 * reloads, crashes and times without network. They are sent in batches, and retried for seven days. Each
 * exposure is sent once per user, variant and UTC day, over all tabs. When the page is hidden, the rest is
 * sent with `keepalive`; when the network is back, within two seconds. An event that storage has no room for
 * is lost if the page is left before it is sent; its exposure is tracked when the variant is read again.
 */
export class HttpExposureTrackingProvider implements ExposureTrackingProvider {
  /**
   * For the client: tracks an exposure once per UTC day, on all pages of the origin.
   *
   * @internal
   */
  readonly dedupScope = 'day';
  private readonly slot_: CoreSlot<DeliveryCore>;
  private readonly listeners_ = new Set<(error: ExperimentError) => void>();
  private readonly onHide_ = () => this.flush();
  private readonly onVisibilityChange_ = () => document.visibilityState === 'hidden' && this.flush();
  private readonly onOnline_ = () => callCore(this.slot_, (core) => core.flush(true));

  /**
   * @throws {@link ExperimentError} `BAD_ARGUMENT` when `apiKey` or `serverUrl` is missing, empty or no text.
   */
  constructor(options: HttpExposureTrackingOptions) {
    const apiKey = requiredOption(options, 'apiKey', 'HttpExposureTrackingProvider');
    const serverUrl = requiredOption(options, 'serverUrl', 'HttpExposureTrackingProvider');
    const logger = filteredLogger(options.loggerProvider, LogLevel.Error);
    const report = (level: number, sentence: string, code?: ExperimentErrorCode, more?: unknown) => {
      const error = code && errorOf(sentence, code, more);
      logAt(logger, level, sentence, error);
      if (error) this.listeners_.forEach((listener) => callSafely(() => listener(error)));
    };
    const notify = (_: string, code?: any) => report(1, 'an exposure was given up', code);
    const init = { apiKey, serverUrl, survivingTexts_: new Map(), log: report, notify };
    this.slot_ = register({
      build_: (core) => driven(core, init, (host) => new core.CoreDelivery(host)),
      standby_: new Queue((code) => notify('', code)),
    });
    this.listen_('addEventListener');
  }

  /** Called by each client of this provider, which passes the errors to `on('error')`. */
  onGivenUp(listener: (error: ExperimentError) => void): () => void {
    this.listeners_.add(listener);
    return () => void this.listeners_.delete(listener);
  }

  /**
   * Called by the client. Returns `false` where the event cannot be taken: without WebAssembly, or without
   * the second argument.
   */
  track(_exposure: Exposure, event?: ExposureEvent): unknown {
    const text = event && toJson(event, () => {});
    if (!text || permanentFailure()) return false;
    // The event is sent, but storage has no room for it. A promise that does not settle means: tracked by
    // this page only.
    return callCore(this.slot_, (core) => core.track(text)) === false ? new Promise(() => {}) : undefined;
  }

  /** Sends the events that wait, now. */
  flush(): void {
    callCore(this.slot_, (core) => core.flush(false));
  }

  /** Stops sending and listening. Events that are not delivered stay in storage for the next page. */
  close(): void {
    this.listen_('removeEventListener');
    callCore(this.slot_, (core) => core.close());
    unregister(this.slot_);
  }

  /**
   * The last moments that browsers announce: `pagehide` and a hidden page. `unload` would keep the page out
   * of the back-forward cache.
   */
  private listen_(how: 'addEventListener' | 'removeEventListener'): void {
    attempt(() => {
      if (!document) return;
      globalThis[how]('pagehide', this.onHide_);
      globalThis[how]('online', this.onOnline_);
    });
    attempt(() => document[how]('visibilitychange', this.onVisibilityChange_));
  }
}

/** Events that wait for the wasm. */
class Queue implements DeliveryCore, Standby<DeliveryCore> {
  private events_: string[] = [];

  constructor(private readonly giveUp_: (code: ExperimentErrorCode) => void) {}

  track(event: string): undefined {
    if (this.events_.push(event) <= MAX_QUEUED) return;
    this.events_.shift();
    this.giveUp_('QUEUE_FULL');
  }

  flush(): void {}
  close(): void {}

  handOver_(core: DeliveryCore): void {
    for (let event; (event = this.events_[0]); this.events_.shift()) core.track(event);
  }

  /** The client reports why. */
  settle_(): void {}

  discard_(): void {
    for (const _ of this.events_.splice(0)) this.giveUp_(permanentFailure()?.code ?? 'CLOSED');
  }
}
