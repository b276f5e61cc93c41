// Stands in for the core while there is none: answers fallbacks, remembers the calls, and hands them over when the core arrives.
//
// The order of fallbacks is the one rule that also exists in Rust (src/client/answer.rs, with nothing stored and nothing evaluated); both
// run the same vectors. An exposure is remembered only where the core would call it one: a variant of `initialVariants` that comes first.

import { type ClientCore, type ClientSeed, type Open, USER } from '../wasm/boundary.js';
import type { ExperimentConfig } from '../api/config.js';
import type { Standby } from '../wasm/client-instance.js';
import type { ExperimentError } from '../api/error.js';
import type { Variant } from '../api/variant.js';

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

/** An answer, and the name of the source it came from. */
interface Step {
  source: string;
  variant: Variant;
}

export class Fallback implements ClientCore, Standby<ClientCore> {
  private calls_: Call[] = [];
  private met_ = new Set<string>();
  private user_?: { text?: string };
  private over_ = false;
  private options_?: Options;

  constructor(private readonly seed_: ClientSeed) {}

  start(user: string | undefined, open: Open): void {
    this.user_ = { text: user };
    this.ask_(open, (core) => core.start(user, open, false));
  }

  fetch(user: string | undefined, options: string | undefined, open: Open): void {
    if (user) this.user_ = { text: user };
    this.ask_(open, (core) => core.fetch(user, options, open));
  }

  setUser(user?: string): void {
    this.user_ = { text: user };
    this.call_('setUser', (core) => core.setUser(user));
  }

  getUser(): string | undefined {
    return this.user_ ? this.user_.text : this.seed_.kept.get(USER);
  }

  variant(key: string, fallback: string | undefined, expose: number): string {
    const { source, variant } = this.answer_(key, fallback);
    if (expose && source === 'initial') this.meet_(key, (core) => core.variant(key, undefined, expose));
    return JSON.stringify({ source, variant, keep: false });
  }

  all(): string {
    return JSON.stringify([{}, Object.fromEntries(this.read_().initial)]);
  }

  traces(): string {
    return '{}';
  }

  setTracksAssignment(on: boolean): void {
    this.call_('setTracksAssignment', (core) => core.setTracksAssignment(on));
  }

  clear(): void {
    this.call_('clear', (core) => core.clear());
  }

  stop(): void {
    this.call_('stop', (core) => core.stop());
  }

  close(): void {
    this.end();
  }

  /** What is met is met by whoever was there then. */
  setContext(provided: string, url?: string): void {
    this.call_('setContext', (core) => core.setContext(provided, url));
  }

  /** Whoever builds the client tells it this. */
  integrate(): void {}

  arrive(core: ClientCore): void {
    for (let call; (call = this.calls_[0]); this.calls_.shift()) call.make(core);
    this.met_.clear();
    this.user_ = undefined;
  }

  settle(error: ExperimentError): void {
    this.seed_.fail(error);
    this.seed_.pending.forEach((open) => open.resolve());
  }

  end(): void {
    this.over_ = true;
    this.calls_ = [];
    this.seed_.pending.forEach((open) => open.resolve());
  }

  /** The three steps. With `Source.InitialVariants` the bootstrapped variants come before the call's fallback. */
  private answer_(key: string, fallback?: string): Step {
    const { first, initial, fallbackVariant } = this.read_();
    const steps: Array<[string, Variant | undefined]> = [
      ['fallback-inline', fallbackOf(fallback && JSON.parse(fallback))],
      [first ? 'initial' : 'secondary-initial', initial.get(key[0] === '"' ? JSON.parse(key) : key)],
      ['fallback-config', fallbackVariant],
    ];
    if (first) steps.unshift(...steps.splice(1, 1));
    const [source, variant = {}] = steps.find(([, found]) => found) ?? ['none'];
    return { source, variant };
  }

  /** Read at the first question: most pages never ask. */
  private read_(): Options {
    return (this.options_ ??= optionsOf(JSON.parse(this.seed_.config)));
  }

  private ask_(open: Open, make: Call['make']): void {
    if (this.over_) return open.resolve();
    open.isQueued = true;
    this.call_('', (core) => {
      open.isQueued = false;
      make(core);
    });
  }

  /** An exposure is handed over once for the user at that time, however often the variant was asked for. */
  private meet_(key: string, make: Call['make']): void {
    if (this.met_.has(key) || this.over_) return;
    this.met_.add(key);
    this.calls_.push({ name: key, make });
  }

  /** Of equal calls in a row the last one counts. */
  private call_(name: string, make: Call['make']): void {
    this.met_.clear();
    if (name && this.calls_[this.calls_.length - 1]?.name === name) this.calls_.pop();
    if (!this.over_) this.calls_.push({ name, make });
  }
}

/** A fallback as it was given: a string is key and value at once. */
export function fallbackOf(given: unknown): Variant | undefined {
  if (typeof given === 'string') return { key: given, value: given };
  return given && typeof given === 'object' && !Array.isArray(given) ? given : undefined;
}

function optionsOf({ source, initialVariants, fallbackVariant }: ExperimentConfig): Options {
  const initial = new Map<string, Variant>();
  for (const [key, stored] of Object.entries(initialVariants ?? {})) {
    const variant = bootstrapped(stored);
    if (variant) initial.set(key, variant);
  }
  const configured = fallbackOf(fallbackVariant);
  return { first: source === 'initialVariants', initial, fallbackVariant: configured && Object.keys(configured).length ? configured : undefined };
}

/** The three formats variants were ever stored in, as one: a missing key is the value, `expKey` and its metadata agree. */
function bootstrapped(stored: unknown): Variant | undefined {
  const given = fallbackOf(stored);
  if (!given) return;
  const { key, value, payload, metadata, expKey } = given;
  const experimentKey = metadata?.experimentKey || expKey;
  const variant = { key: key || value, value, metadata: experimentKey ? { ...metadata, experimentKey } : metadata, payload, expKey: experimentKey };
  return Object.fromEntries(Object.entries(variant).filter(([, held]) => held));
}
