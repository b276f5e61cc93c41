// What the build puts in the place of these names: the generated glue, and the wasm in the form that an entry wants.

declare module 'core:client' {
  type Link<I> = (module: WebAssembly.Module, imports: WebAssembly.Imports) => I;
  export function instantiate(
    module: WebAssembly.Module,
    onTrap: (error: unknown) => void,
  ): import('./boundary.js').Core;
  export function instantiate(
    module: WebAssembly.Module,
    onTrap: (error: unknown) => void,
    link: Link<Promise<WebAssembly.Instance>>,
  ): Promise<import('./boundary.js').Core>;
}

declare module 'core:evaluate' {
  interface EvaluateCore {
    evaluate(flags: string, user: string, keys?: string, trace?: boolean): import('./evaluate.js').Evaluation;
    retire(): void;
  }
  export function instantiate(module: WebAssembly.Module, onTrap: (error: unknown) => void): EvaluateCore;
}

/** How an entry comes by its wasm. Missing in `slim`, where the page brings it. */
declare module 'core:built-in' {
  export const builtIn: (() => import('./boundary.js').WasmSource) | undefined;
}

/** The bytes as pkg/payload.mjs writes them. */
declare module 'core:payload' {
  export const text: string;
}

/** A module that the platform compiled. */
declare module 'core:module' {
  const module: WebAssembly.Module;
  export default module;
}
