// experiment-wasm/slim: the same exports without the wasm, which the page loads itself.

import type { WasmSource } from './wasm/boundary.js';
import { boot, isLive, settleAll, unavailable, whyNot } from './wasm/client-instance.js';
import { failed } from './api/error.js';

export * from './public.js';

/** What {@link load} takes: an address, a response, bytes or a compiled module. */
export type CoreSource = string | URL | Response | Promise<Response> | BufferSource | WebAssembly.Module;

/** The smallest module there is: magic number and version. Where it cannot be compiled, nothing can. */
const EMPTY = [0, 97, 115, 109, 1, 0, 0, 0];

/**
 * Loads the core, `experiment-wasm/core.wasm`. Clients made before answer fallbacks until then, and their `start` and `fetch` wait for it;
 * afterwards they are what they would have been from the start. Once it is loaded, further calls do nothing.
 *
 * @throws {@link ExperimentError} `LOAD_FAILED` when it cannot be had or is no core: `start` and `fetch` resolve, another try may follow.
 * `WASM_UNAVAILABLE` or `WASM_TRAPPED` when the page has to do without
 */
export async function load(source: CoreSource): Promise<void> {
  check();
  if (!isLive()) await boot(await compiled(source).catch(refuse), refuse);
  check();
}

/** {@link load} for bytes or a module, at once. */
export function loadSync(source: BufferSource | WebAssembly.Module): void {
  check();
  // Where the platform compiles aside only, a failure that comes later is in the log.
  if (!isLive()) boot(source, refuse)?.catch(() => {});
  check();
}

async function compiled(source: CoreSource): Promise<WasmSource> {
  const given = await (typeof source === 'string' || (source as URL).href ? fetch(source as URL) : source);
  const response = given as Response;
  if (!response.arrayBuffer) return given as WasmSource;
  if (!response.ok) throw new Error(`status ${response.status}`);
  return WebAssembly.compile(await response.arrayBuffer());
}

function check(): void {
  const error = whyNot();
  if (error) throw error;
}

/** Wasm that is not allowed here never will be; anything else may be better next time. */
function refuse(cause: unknown): never {
  try {
    new WebAssembly.Module(Uint8Array.from(EMPTY));
  } catch {
    unavailable(cause);
    check();
  }
  const error = failed('the core could not be loaded', 'LOAD_FAILED', cause);
  settleAll(error);
  throw error;
}
