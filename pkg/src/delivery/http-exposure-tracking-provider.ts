// Delivery of exposures without an analytics SDK: hands events to the core's outbox, and flushes it when the page goes away.

import { attempt, isolated } from '../runtime/safe-call.js';
import type { DeliveryCore } from '../wasm/boundary.js';
import { adopt, call, type Part, release, type Standby, whyNot } from '../wasm/client-instance.js';
import { type ExperimentError, type ExperimentErrorCode, failed } from '../api/error.js';
import type { Exposure, ExposureEvent, ExposureTrackingProvider } from '../api/exposure.js';
import { leveled, type Logger, LogLevel, say } from '../api/logger.js';
import { toText } from '../runtime/json.js';
import { requiredOption } from './required-option.js';

/** How many events wait for the wasm at most: what the reference's queue holds. The oldest goes first, and is reported. */
const QUEUE = 512;

/** What {@link HttpExposureTrackingProvider} is made of. */
export interface HttpExposureTrackingOptions {
  /** The project's API key (not the deployment key). */
  apiKey: string;
  /** The whole address of an Amplitude-compatible endpoint, for instance `https://api2.amplitude.com/2/httpapi`. */
  serverUrl: string;
  /** Where errors go. Default: the console. */
  loggerProvider?: Logger;
}

/**
 * Sends exposures to an Amplitude-compatible endpoint, so that a page needs no analytics SDK. Give it to the client as
 * `exposureTrackingProvider`.
 *
 * Events wait in `localStorage`, one entry each, and are deleted when the server says what became of them: they outlive reloads, crashes
 * and being offline, and go out in batches, again and again until it works, for seven days. Each exposure is sent once per person, variant
 * and UTC day, over all tabs. When the page is hidden what is left is sent with `keepalive`; when the network is back, within two seconds.
 * What storage has no room for is sent by this page while it lives; should it be gone before, the next page tells it again.
 */
export class HttpExposureTrackingProvider implements ExposureTrackingProvider {
  /** Tells the client over how long an exposure counts as told: the UTC day, over all pages. */
  readonly exposureWindow = 'day';
  private readonly part_: Part<DeliveryCore>;
  private readonly listeners_ = new Set<(error: ExperimentError) => void>();
  private readonly hide_ = () => this.flush();
  private readonly change_ = () => document.visibilityState === 'hidden' && this.flush();
  private readonly online_ = () => call(this.part_, (core) => core.flush(true));

  /** @throws {@link ExperimentError} `BAD_ARGUMENT` when `apiKey` or `serverUrl` is missing or no text. */
  constructor(options: HttpExposureTrackingOptions) {
    const apiKey = requiredOption(options, 'apiKey', 'HttpExposureTrackingProvider');
    const serverUrl = requiredOption(options, 'serverUrl', 'HttpExposureTrackingProvider');
    const logger = leveled(options.loggerProvider, LogLevel.Error);
    const tell = (level: number, sentence: string, code?: ExperimentErrorCode, more?: unknown) => {
      const error = code && failed(sentence, code, more);
      say(logger, level, sentence, error);
      if (error) this.listeners_.forEach((listener) => isolated(() => listener(error)));
    };
    const notify = (_: string, code?: any) => tell(1, 'an exposure was given up', code);
    const seed = { apiKey, serverUrl, kept: new Map(), log: tell, notify };
    this.part_ = adopt({ build: (core) => new core.CoreDelivery(seed), standby: new Queue((code) => notify('', code)) });
    this.listen_('addEventListener');
  }

  /** Called by each client that this is the provider of, to pass on to `on('error')` what is given up. */
  onGivenUp(listener: (error: ExperimentError) => void): () => void {
    this.listeners_.add(listener);
    return () => void this.listeners_.delete(listener);
  }

  /** Called by the client. Answers `false` when the event cannot be taken: without WebAssembly, or without its second argument. */
  track(_exposure: Exposure, event?: ExposureEvent): unknown {
    const text = event && toText(event, () => {});
    if (!text || whyNot()) return false;
    // What storage has no room for is sent all the same, and stays open: the client counts it as told on this page only.
    return call(this.part_, (core) => core.track(text)) === false ? new Promise(() => {}) : undefined;
  }

  /** Sends what waits, now. */
  flush(): void {
    call(this.part_, (core) => core.flush(false));
  }

  /** Stops sending and listening. What is not delivered stays in storage for the next page. */
  close(): void {
    this.listen_('removeEventListener');
    call(this.part_, (core) => core.close());
    release(this.part_);
  }

  /** `pagehide` and a hidden page are the last moments that browsers announce; `unload` would keep the page out of the back-forward cache. */
  private listen_(how: 'addEventListener' | 'removeEventListener'): void {
    attempt(() => {
      if (!document) return;
      globalThis[how]('pagehide', this.hide_);
      globalThis[how]('online', this.online_);
    });
    attempt(() => document[how]('visibilitychange', this.change_));
  }
}

/** Events that wait for the wasm. */
class Queue implements DeliveryCore, Standby<DeliveryCore> {
  private events_: string[] = [];

  constructor(private readonly giveUp_: (code: ExperimentErrorCode) => void) {}

  track(event: string): undefined {
    if (this.events_.push(event) <= QUEUE) return;
    this.events_.shift();
    this.giveUp_('QUEUE_FULL');
  }

  flush(): void {}
  close(): void {}

  arrive(core: DeliveryCore): void {
    for (let event; (event = this.events_[0]); this.events_.shift()) core.track(event);
  }

  /** The client says why; here only what is lost is told. */
  settle(): void {}

  end(): void {
    for (const _ of this.events_.splice(0)) this.giveUp_(whyNot()?.code ?? 'CLOSED');
  }
}
