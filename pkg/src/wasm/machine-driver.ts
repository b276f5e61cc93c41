// Drives a state machine of the core in Node and at the edge: makes it at the first call, and again after a
// trap.

import type { EvaluateCore } from 'core:evaluate';
import { badArgument, type ExperimentErrorCode, errorOf } from '../api/error.js';
import { type Logger, LogLevel, logAt } from '../api/logger.js';
import type { Driven } from './boundary.js';
import { withCore } from './evaluate-instance.js';
import { type Callback, Host, type HostInit } from './host.js';

/** The owner of a machine. */
export interface Owner<M> {
  readonly logger_: Logger;
  /** What survives the instances. */
  readonly init_: HostInit;
  /** Builds the machine: at the first use, and after each trap. */
  build_(core: EvaluateCore, host: Host, isAgain: boolean): M;
  /** Whether a process waits for the timer. */
  isAwaited_(): boolean;
  /** May replace a result before the machine gets it. */
  filterResult_?(...result: Parameters<Callback>): Parameters<Callback>;
}

/** A host without storage, whose timer keeps the process alive only while the process waits. */
class ProcessHost extends Host {
  constructor(private readonly owner_: Owner<unknown>) {
    super(owner_.init_, false);
  }

  override arm_(due: number): void {
    super.arm_(due);
    const timer = this.timer_ as { ref?(): void; unref?(): void } | undefined;
    if (this.owner_.isAwaited_()) timer?.ref?.();
    else timer?.unref?.();
  }

  override close_(): void {
    super.close_();
    for (const id of this.requests_.keys()) this.abort(id);
  }
}

export class MachineDriver<M extends Driven> {
  private core_?: EvaluateCore;
  private host_?: Host;
  private machine_?: M;

  constructor(private readonly owner_: Owner<M>) {}

  /** Calls the machine. */
  call_<T>(act: (machine: M) => T): T {
    return withCore((core) => act(this.machineIn_(core)));
  }

  /** Calls the machine and logs exceptions, for calls that have no caller. */
  callQuietly_(act: (machine: M) => void): void {
    try {
      this.call_(act);
    } catch (error) {
      logAt(this.owner_.logger_, LogLevel.Error, 'the core broke', error);
    }
  }

  private machineIn_(core: EvaluateCore): M {
    if (this.core_ === core) return this.machine_!;
    this.host_?.close_();
    const host = new ProcessHost(this.owner_);
    const machine = this.owner_.build_(core, host, !!this.core_);
    host.setCallback_((...result) => {
      const filtered = this.owner_.filterResult_?.(...result) ?? result;
      this.callQuietly_((current) => current === machine && current.handleCallback_(...filtered));
    });
    this.core_ = core;
    this.host_ = host;
    return (this.machine_ = machine);
  }
}

/** The callbacks for messages and for assignments that were given up: both are logged. */
export function loggingInit(logger: Logger): Pick<HostInit, 'log' | 'notify'> {
  const log = (level: number, sentence: string, code?: ExperimentErrorCode, more?: unknown) => {
    // With `BAD_ARGUMENT`, `sentence` is the path of the field.
    const error = code && (code === 'BAD_ARGUMENT' ? badArgument(sentence) : errorOf(sentence, code, more));
    logAt(logger, level, code === 'BAD_ARGUMENT' ? error!.message : sentence, error);
  };
  return {
    log,
    notify: (_: string, code?: any, cause?: unknown) =>
      log(LogLevel.Error, 'an assignment was given up', code, cause),
  };
}
