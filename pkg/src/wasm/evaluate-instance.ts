// The instance of the core of `experiment-wasm/evaluate`: made at the first call, and replaced after a trap.

import { builtIn } from 'core:built-in';
import { type EvaluateCore, instantiate } from 'core:evaluate';
import { badArgument, type ExperimentError, errorOf } from '../api/error.js';
import { toJson } from '../runtime/json.js';
import { compile, compiled } from './compile.js';

let core: EvaluateCore | undefined;

/**
 * The result of a call into the core. After a trap the call is made once more, into the next instance.
 *
 * @throws {@link ExperimentError} `BAD_ARGUMENT` when the core cannot read what it was given,
 * `WASM_UNAVAILABLE`, `WASM_TRAPPED`
 */
export function withCore<T>(call: (core: EvaluateCore) => T): T {
  let cause: unknown;
  for (let tries = 0; tries < 2; tries++) {
    const running = (core ??= createInstance());
    try {
      return call(running);
    } catch (error) {
      cause = error;
      // The core refuses an argument: this is no trap.
      if ((error as { code?: string }).code === 'DECODE')
        throw argumentError('flags, user or flagKeys are', cause);
      // The call may have replaced the instance. This comes before any function call, which could fail on an
      // exhausted stack.
      if (core === running) core = undefined;
      running.retire();
    }
  }
  throw errorOf('the core broke while it evaluated', 'WASM_TRAPPED', cause);
}

function createInstance(): EvaluateCore {
  try {
    return instantiate(compiled() ?? compile(builtIn!()), () => (core = undefined));
  } catch (cause) {
    throw errorOf('WebAssembly cannot be used here', 'WASM_UNAVAILABLE', cause);
  }
}

/** The JSON text of an argument that must be an object or a list. */
export function argumentJson(given: unknown, name: string): string {
  if (typeof given !== 'object' || !given) throw argumentError(`${name} is`, typeof given, name);
  let unusable: [field: string, cause: unknown] | undefined;
  const text = toJson(given, (...part) => (unusable ??= part), name);
  if (text === undefined || unusable) {
    const [field, cause] = unusable ?? [name];
    throw argumentError(`${field} is`, cause, field);
  }
  return text;
}

function argumentError(what: string, cause: unknown, field = ''): ExperimentError {
  return badArgument(field, cause, `${what} not what evaluate takes`);
}
