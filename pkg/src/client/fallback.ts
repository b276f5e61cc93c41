// Stands in for the core while there is none: answers fallbacks, queues the calls, and passes them on when
// the core is there.
//
// The order of fallbacks is the only rule that is also in Rust (src/client/answer.rs: its steps where nothing
// is stored and nothing evaluated); both run the same vectors. An exposure is queued only where it is one for
// the core: of a variant of `initialVariants` that takes precedence.

import type { ExperimentConfig } from '../api/config.js';
import type { ExperimentError } from '../api/error.js';
import type { Variant } from '../api/variant.js';
import { type ClientCore, USER } from '../wasm/boundary.js';
import type { Standby } from '../wasm/client-instance.js';
import type { ClientInit } from '../wasm/init.js';
import type { PendingRequest } from '../wasm/pending-request.js';

/** A call that waits for the core. */
interface Call {
  name: string;
  make(core: ClientCore): void;
}

/** The options that fallbacks are taken from. */
interface Options {
  first: boolean;
  initial: Map<string, Variant>;
  fallbackVariant?: Variant;
}

/** A variant, and the name of its source. */
interface Candidate {
  source: string;
  variant: Variant;
}

export class Fallback implements ClientCore, Standby<ClientCore> {
  private queue_: Call[] = [];
  private exposed_ = new Set<string>();
  private user_?: { text?: string };
  private isClosed_ = false;
  private options_?: Options;

  constructor(private readonly init_: ClientInit) {}

  start(user: string | undefined, request: PendingRequest): void {
    this.user_ = { text: user };
    this.queueRequest_(request, (core) => core.start(user, request, false));
  }

  fetch(user: string | undefined, options: string | undefined, request: PendingRequest): void {
    if (user) this.user_ = { text: user };
    this.queueRequest_(request, (core) => core.fetch(user, options, request));
  }

  setUser(user?: string): void {
    this.user_ = { text: user };
    this.queueCall_('setUser', (core) => core.setUser(user));
  }

  variant(key: string, fallback: string | undefined, expose: number): string {
    const { source, variant } = this.resolve_(key, fallback);
    if (expose && source === 'initial')
      this.queueExposure_(key, (core) => core.variant(key, undefined, expose));
    return JSON.stringify({ source, variant, isCacheable: false });
  }

  getUser(): string | undefined {
    return this.user_ ? this.user_.text : this.init_.survivingTexts_.get(USER);
  }

  all(): string {
    return JSON.stringify([{}, Object.fromEntries(this.readOptions_().initial)]);
  }

  traces(): string {
    return '{}';
  }

  setTracksAssignment(on: boolean): void {
    this.queueCall_('setTracksAssignment', (core) => core.setTracksAssignment(on));
  }

  clear(): void {
    this.queueCall_('clear', (core) => core.clear());
  }

  stop(): void {
    this.queueCall_('stop', (core) => core.stop());
  }

  close(): void {
    this.discard_();
  }

  /** Between exposures: each counts for the user of its time. */
  setContext(provided: string, url?: string): void {
    this.queueCall_('setContext', (core) => core.setContext(provided, url));
  }

  /** Nothing to queue: a client gets it when it is built. */
  integrate(): void {}

  handOver_(core: ClientCore): void {
    for (let call; (call = this.queue_[0]); this.queue_.shift()) call.make(core);
    this.exposed_.clear();
    this.user_ = undefined;
  }

  settle_(error: ExperimentError): void {
    this.init_.fail(error);
    this.init_.pending.forEach((request) => request.resolve());
  }

  discard_(): void {
    this.isClosed_ = true;
    this.queue_ = [];
    this.init_.pending.forEach((request) => request.resolve());
  }

  /**
   * The three sources in order. With `Source.InitialVariants` the initial variants come before the call's
   * fallback.
   */
  private resolve_(key: string, fallback?: string): Candidate {
    const { first, initial, fallbackVariant } = this.readOptions_();
    const candidates: Array<[string, Variant | undefined]> = [
      ['fallback-inline', fallbackOf(fallback && JSON.parse(fallback))],
      [first ? 'initial' : 'secondary-initial', initial.get(key[0] === '"' ? JSON.parse(key) : key)],
      ['fallback-config', fallbackVariant],
    ];
    if (first) candidates.unshift(...candidates.splice(1, 1));
    const [source, variant = {}] = candidates.find(([, found]) => found) ?? ['none'];
    return { source, variant };
  }

  /** Read when they are needed: on most pages they are not. */
  private readOptions_(): Options {
    return (this.options_ ??= optionsOf(JSON.parse(this.init_.config)));
  }

  private queueRequest_(request: PendingRequest, make: Call['make']): void {
    if (this.isClosed_) return request.resolve();
    request.isQueued = true;
    this.queueCall_('', (core) => {
      request.isQueued = false;
      make(core);
    });
  }

  /** Queues an exposure once for each user and flag. */
  private queueExposure_(key: string, make: Call['make']): void {
    if (this.exposed_.has(key) || this.isClosed_) return;
    this.exposed_.add(key);
    this.queue_.push({ name: key, make });
  }

  /** Of calls of one name in a row the last is kept. */
  private queueCall_(name: string, make: Call['make']): void {
    this.exposed_.clear();
    if (name && this.queue_[this.queue_.length - 1]?.name === name) this.queue_.pop();
    if (!this.isClosed_) this.queue_.push({ name, make });
  }
}

/** A fallback as a variant: a string is both its key and its value. `undefined` for what is neither. */
export function fallbackOf(given: unknown): Variant | undefined {
  if (typeof given === 'string') return { key: given, value: given };
  return given && typeof given === 'object' && !Array.isArray(given) ? given : undefined;
}

function optionsOf({ source, initialVariants, fallbackVariant }: ExperimentConfig): Options {
  const initial = new Map<string, Variant>();
  for (const [key, stored] of Object.entries(initialVariants ?? {})) {
    const variant = normalizedVariant(stored);
    if (variant) initial.set(key, variant);
  }
  const configured = fallbackOf(fallbackVariant);
  return {
    first: source === 'initialVariants',
    initial,
    fallbackVariant: configured && Object.keys(configured).length ? configured : undefined,
  };
}

/**
 * One format for the three in which variants were ever stored: a missing key is the value, `expKey` and the
 * metadata agree.
 */
function normalizedVariant(stored: unknown): Variant | undefined {
  const given = fallbackOf(stored);
  if (!given) return;
  const { key, value, payload, metadata, expKey } = given;
  const experimentKey = metadata?.experimentKey || expKey;
  const variant = {
    key: key || value,
    value,
    metadata: experimentKey ? { ...metadata, experimentKey } : metadata,
    payload,
    expKey: experimentKey,
  };
  return Object.fromEntries(Object.entries(variant).filter(([, held]) => held));
}
