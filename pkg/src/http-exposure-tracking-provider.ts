// Delivery of exposures without an analytics SDK: hands events to the core's outbox, and flushes it when the page goes away.

import type { DeliveryCore } from './boundary.js';
import { adopt, call, type Part, release, type Standby, whyNot } from './engine.js';
import { ExperimentError, type ExperimentErrorCode, failed } from './error.js';
import type { Exposure, ExposureEvent, ExposureTrackingProvider } from './exposure.js';
import { leveled, type Logger, LogLevel, say } from './logger.js';
import { toText } from './text.js';

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
 * and being offline, and go out in batches, again and again until it works. Each exposure is sent once per person, variant and UTC day,
 * over all tabs. When the page is hidden what is left is sent with `keepalive`. What storage has no room for is sent by this page while it
 * lives; should it be gone before, the next page tells it again.
 */
export class HttpExposureTrackingProvider implements ExposureTrackingProvider {
  /** Tells the client over how long an exposure counts as told: the UTC day, over all pages. */
  readonly exposureWindow = 'day';
  private readonly part_: Part<DeliveryCore>;
  private readonly hide_ = () => this.flush();
  private readonly change_ = () => document.visibilityState === 'hidden' && this.flush();

  /** @throws {@link ExperimentError} `BAD_ARGUMENT` when `apiKey` or `serverUrl` is missing or no text. */
  constructor(options: HttpExposureTrackingOptions) {
    const apiKey = required(options, 'apiKey');
    const serverUrl = required(options, 'serverUrl');
    const logger = leveled(options.loggerProvider, LogLevel.Error);
    const tell = (level: number, sentence: string, code?: ExperimentErrorCode) =>
      say(logger, level, sentence, code && failed(sentence, code));
    const notify = (_: string, code?: any) => tell(1, 'an exposure was given up', code);
    const seed = { apiKey, serverUrl, kept: new Map(), log: tell, notify };
    this.part_ = adopt({ build: (core) => new core.CoreDelivery(seed), standby: new Queue(logger) });
    listen('addEventListener', this.hide_, this.change_);
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
    call(this.part_, (core) => core.flush());
  }

  /** Stops sending and listening. What is not delivered stays in storage for the next page. */
  close(): void {
    listen('removeEventListener', this.hide_, this.change_);
    call(this.part_, (core) => core.close());
    release(this.part_);
  }
}

/** Events that wait for the wasm. */
class Queue implements DeliveryCore, Standby<DeliveryCore> {
  private events_: string[] = [];
  private dropped_ = 0;

  constructor(private readonly logger_: Logger) {}

  track(event: string): undefined {
    if (this.events_.push(event) <= QUEUE) return;
    this.events_.shift();
    if (!this.dropped_++) this.logger_.error('[Experiment] too many exposures wait for WebAssembly: the oldest are dropped');
  }

  flush(): void {}
  close(): void {}

  arrive(core: DeliveryCore): void {
    for (let event; (event = this.events_[0]); this.events_.shift()) core.track(event);
  }

  /** The client says why; here only what is lost is told. */
  settle(): void {}

  end(): void {
    const lost = this.events_.splice(0).length;
    if (lost) this.logger_.error(`[Experiment] ${lost} exposures cannot be delivered without WebAssembly`);
  }
}

function required(options: HttpExposureTrackingOptions, name: 'apiKey' | 'serverUrl'): string {
  const given: unknown = options?.[name];
  if (typeof given === 'string' && given) return given;
  throw new ExperimentError('BAD_ARGUMENT', `HttpExposureTrackingProvider needs ${name}, a text that is not empty`);
}

/** `pagehide` and a hidden page are the last moments that browsers announce; `unload` would keep the page out of the back-forward cache. */
function listen(how: 'addEventListener' | 'removeEventListener', hide: () => void, change: () => void): void {
  if (typeof document === 'undefined') return;
  globalThis[how]('pagehide', hide);
  document[how]('visibilitychange', change);
}
