// A state machine of the core, driven in Node and at the edge: made in the instance of the day, and made anew after a trap.

import type { EvaluateCore } from 'core:evaluate';
import { type ExperimentErrorCode, errorOf, badArgument } from '../api/error.js';
import { type Logger, LogLevel, logAt } from '../api/logger.js';
import type { Driven, Hear } from './boundary.js';
import { withCore } from './evaluate-instance.js';
import { Host, type Seed } from './host.js';

/** Whose machine it is. */
export interface Owner<M> {
  readonly logger_: Logger;
  /** What outlives an instance. */
  readonly seed_: Seed;
  /** Builds the machine: at the first use, and after each trap. */
  build_(core: EvaluateCore, host: Host, isAgain: boolean): M;
  /** Whether a process waits for what is due next. */
  isAwaited_(): boolean;
  /** Sees what comes back before the machine does. */
  seen_?(...heard: Parameters<Hear>): Parameters<Hear>;
}

/** A page that stores nothing, and whose timer keeps a process only while something is waited for. */
class ProcessHost extends Host {
  constructor(private readonly owner_: Owner<unknown>) {
    super(owner_.seed_, false);
  }

  override arm(due: number): void {
    super.arm(due);
    const timer = this.timer_ as { ref?(): void; unref?(): void } | undefined;
    if (this.owner_.isAwaited_()) timer?.ref?.();
    else timer?.unref?.();
  }

  override close(): void {
    super.close();
    for (const id of this.requests_.keys()) this.abort(id);
  }
}

export class MachineDriver<M extends Driven> {
  private core_?: EvaluateCore;
  private host_?: Host;
  private machine_?: M;

  constructor(private readonly owner_: Owner<M>) {}

  /** What the machine says. */
  use_<T>(use: (machine: M) => T): T {
    return withCore((core) => use(this.of_(core)));
  }

  /** For what nobody called: there is nobody to throw to. */
  quietly_(use: (machine: M) => void): void {
    try {
      this.use_(use);
    } catch (error) {
      logAt(this.owner_.logger_, LogLevel.Error, 'the core broke', error);
    }
  }

  private of_(core: EvaluateCore): M {
    if (this.core_ === core) return this.machine_!;
    this.host_?.close();
    const host = new ProcessHost(this.owner_);
    const machine = this.owner_.build_(core, host, !!this.core_);
    host.listen_((...heard) => {
      const seen = this.owner_.seen_?.(...heard) ?? heard;
      this.quietly_((current) => current === machine && current.hear(...seen));
    });
    this.core_ = core;
    this.host_ = host;
    return (this.machine_ = machine);
  }
}

/** Where a machine's messages go, and what of it was given up. */
export function reporting(logger: Logger): Pick<Seed, 'log' | 'notify'> {
  const log = (level: number, sentence: string, code?: ExperimentErrorCode, more?: unknown) => {
    // With `BAD_ARGUMENT`, `sentence` is the field.
    const error = code && (code === 'BAD_ARGUMENT' ? badArgument(sentence) : errorOf(sentence, code, more));
    logAt(logger, level, code === 'BAD_ARGUMENT' ? error!.message : sentence, error);
  };
  return { log, notify: (_: string, code?: any, cause?: unknown) => log(LogLevel.Error, 'an assignment was given up', code, cause) };
}
