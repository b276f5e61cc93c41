// From what an entry brings (bytes, or a module that the platform compiled) to the module of which instances
// are made: compiled once.

import { isModule } from '../runtime/platform.js';
import type { WasmSource } from './boundary.js';

let module: WebAssembly.Module | undefined;

/** The module, once it was compiled. */
export const compiled = (): WebAssembly.Module | undefined => module;

/** Forgets a module that turned out not to be the core. */
export const forgetCompiled = (): void => (module = undefined);

/**
 * @throws what the platform throws where wasm is missing, not allowed or not valid, or too large for the main
 * thread
 */
export const compile = (source: WasmSource): WebAssembly.Module =>
  (module = isModule(source) ? source : new WebAssembly.Module(source));

/** {@link compile} off the main thread. */
export const compileAsync = async (source: WasmSource): Promise<WebAssembly.Module> =>
  (module = isModule(source) ? source : await WebAssembly.compile(source));
