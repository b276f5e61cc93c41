// experiment-wasm/slim: the exports of experiment-wasm, without the wasm inside: the page loads it.

import { errorOf } from './api/error.js';
import type { WasmSource } from './wasm/boundary.js';
import { boot, isLive, permanentFailure, settlePending, unavailable } from './wasm/client-instance.js';
import { forgetCompiled } from './wasm/compile.js';

export * from './public.js';

/** The argument of {@link load}: an address, a response, bytes or a compiled module. */
export type CoreSource = string | URL | Response | Promise<Response> | BufferSource | WebAssembly.Module;

/** The smallest module: magic number and version. Where it cannot be compiled, no module can. */
const EMPTY = [0, 97, 115, 109, 1, 0, 0, 0];

/**
 * Loads the core, `experiment-wasm/core.wasm`. Until then, clients answer fallbacks, and their `start` and
 * `fetch` wait. When it is loaded, further calls do nothing.
 *
 * @returns a promise that rejects with an {@link ExperimentError}: `LOAD_FAILED` when it cannot be loaded or
 * is not the core; `start` and `fetch` resolve then, and you may call `load` again. `WASM_UNAVAILABLE` or
 * `WASM_TRAPPED` when this page cannot use it
 */
export async function load(source: CoreSource): Promise<void> {
  throwPermanentFailure();
  if (!isLive()) await boot(await compileSource(source).catch(rejectSource), rejectSource);
  throwPermanentFailure();
}

/**
 * {@link load} for bytes or a module, synchronously.
 *
 * @throws {@link ExperimentError} as {@link load} rejects
 */
export function loadSync(source: BufferSource | WebAssembly.Module): void {
  throwPermanentFailure();
  // Where the platform compiles off the main thread only, a later failure is in the log.
  if (!isLive()) boot(source, rejectSource)?.catch(() => {});
  throwPermanentFailure();
}

async function compileSource(source: CoreSource): Promise<WasmSource> {
  const given = await (typeof source === 'string' || (source as URL).href ? fetch(source as URL) : source);
  const response = given as Response;
  if (!response.arrayBuffer) return given as WasmSource;
  if (!response.ok) throw new Error(`status ${response.status}`);
  return WebAssembly.compile(await response.arrayBuffer());
}

function throwPermanentFailure(): void {
  const error = permanentFailure();
  if (error) throw error;
}

/** Where wasm is not allowed, it is given up for this page; after other failures another try may follow. */
function rejectSource(cause: unknown): never {
  try {
    new WebAssembly.Module(Uint8Array.from(EMPTY));
  } catch {
    unavailable(cause);
    throwPermanentFailure();
  }
  forgetCompiled();
  const error = errorOf('the core could not be loaded', 'LOAD_FAILED', cause);
  settlePending(error);
  throw error;
}
