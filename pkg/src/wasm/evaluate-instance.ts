// The one instance of the core behind `experiment-wasm/evaluate`: made when it is first asked, and made anew after a trap.

import { builtIn } from 'core:built-in';
import { type EvaluateCore, instantiate } from 'core:evaluate';
import { type ExperimentError, failed, unusable } from '../api/error.js';
import { toText } from '../runtime/json.js';
import { compile, compiled } from './compile.js';

let core: EvaluateCore | undefined;

/**
 * What `question` gets of the core. An instance that breaks over it is replaced, and the next one is asked once.
 *
 * @throws {@link ExperimentError} `BAD_ARGUMENT` when the core cannot read what it was given, `WASM_UNAVAILABLE`, `WASM_TRAPPED`
 */
export function ask<T>(question: (core: EvaluateCore) => T): T {
  let cause: unknown;
  for (let tries = 0; tries < 2; tries++) {
    const running = (core ??= start());
    try {
      return question(running);
    } catch (error) {
      cause = error;
      // The core read it and says so: nothing broke.
      if ((error as { code?: string }).code === 'DECODE') throw refused('flags, user or flagKeys are', cause);
      // Another instance may have come while this one was asked. Before any call: there may be no room on the stack for one.
      if (core === running) core = undefined;
      running.retire();
    }
  }
  throw failed('the core broke while it evaluated', 'WASM_TRAPPED', cause);
}

function start(): EvaluateCore {
  try {
    return instantiate(compiled() ?? compile(builtIn!()), () => (core = undefined));
  } catch (cause) {
    throw failed('WebAssembly cannot be used here', 'WASM_UNAVAILABLE', cause);
  }
}

/** The JSON text of an argument that must be an object or a list. */
export function textOf(given: unknown, name: string): string {
  if (typeof given !== 'object' || !given) throw refused(`${name} is`, typeof given, name);
  let lost: [field: string, cause: unknown] | undefined;
  const text = toText(given, (...part) => (lost ??= part), name);
  if (text === undefined || lost) {
    const [field, cause] = lost ?? [name];
    throw refused(`${field} is`, cause, field);
  }
  return text;
}

function refused(what: string, cause: unknown, field = ''): ExperimentError {
  return unusable(field, cause, `${what} not what evaluate takes`);
}
