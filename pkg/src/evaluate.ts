// experiment-wasm/evaluate: flags and a user in, variants out. No client, no storage, no network: for Node and the edge.

import { builtIn } from 'core:built-in';
import { instantiate } from 'core:evaluate';
import { ExperimentError } from './error.js';
import type { EvaluationFlag, EvaluationVariant, FlagEvaluationTrace } from './flag.js';
import type { ExperimentUser } from './user.js';

export type * from './flag.js';
export { ExperimentError, type ExperimentErrorCode } from './error.js';
export type { ExperimentUser, PropertyValue, UserProperties } from './user.js';

/** What {@link evaluate} answers. */
export type Evaluation = {
  /** The variant of each flag that has one for this user, by flag key. */
  variants: Record<string, EvaluationVariant>;
  /** How each flag came to its answer, by flag key. Missing when `trace` is `false`. */
  traces?: Record<string, FlagEvaluationTrace>;
  /** The flags that could not be read, with the reason as a code, by flag key. */
  skipped: Record<string, string>;
};

/** What is evaluated: the answer of the flags API, an object of flags by key as clients store it, or the JSON text of either. */
export type Flags = EvaluationFlag[] | Record<string, EvaluationFlag> | string;

type Core = ReturnType<typeof instantiate>;

let core: Core | undefined;
let module: WebAssembly.Module | undefined;

/**
 * Evaluates flags for a user, as the client does on the page. A flag that cannot be read is skipped and named; the others are evaluated.
 *
 * @param flags the flag configurations. As text they are passed on without being read here: faster, where they came as text anyway
 * @param user who they are evaluated for
 * @param flagKeys only these flags and those they depend on; default: all
 * @param options `trace: false` leaves `traces` out, which is faster
 * @throws {@link ExperimentError} `BAD_ARGUMENT`, `WASM_UNAVAILABLE`; `WASM_TRAPPED` when the core broke twice over this call
 */
export function evaluate(
  flags: Flags,
  user: ExperimentUser,
  flagKeys?: string[],
  { trace = true }: { trace?: boolean } = {},
): Evaluation {
  const flagsText = typeof flags === 'string' ? flags : text(flags, 'flags');
  const userText = text(user, 'user');
  const keysText = flagKeys && text(flagKeys, 'flagKeys');
  let cause: unknown;
  for (let tries = 0; tries < 2; tries++) {
    const running = (core ??= start());
    try {
      return running.evaluate(flagsText, userText, keysText, trace);
    } catch (error) {
      cause = error;
      // The core read it and says so: nothing broke.
      if ((error as { code?: string }).code === 'DECODE') throw refused('flags, user or flagKeys are', cause);
      running.retire();
      core = undefined;
    }
  }
  throw new ExperimentError('WASM_TRAPPED', 'the core broke while it evaluated', { cause });
}

function start(): Core {
  try {
    const source = module ?? builtIn!();
    module = source instanceof WebAssembly.Module ? source : new WebAssembly.Module(source);
    return instantiate(module, () => (core = undefined));
  } catch (cause) {
    throw new ExperimentError('WASM_UNAVAILABLE', 'WebAssembly cannot be used here', { cause });
  }
}

function text(given: unknown, name: string): string {
  let cause: unknown;
  try {
    if (typeof given === 'object' && given) return JSON.stringify(given);
  } catch (error) {
    cause = error;
  }
  throw refused(`${name} is`, cause);
}

function refused(what: string, cause: unknown): ExperimentError {
  return new ExperimentError('BAD_ARGUMENT', `${what} not what evaluate takes`, { cause });
}
