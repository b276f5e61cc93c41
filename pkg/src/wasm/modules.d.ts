// Modules that the build provides: the generated glue, and the wasm in the form of an entry.

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
  export interface EvaluateCore {
    evaluate(flags: string, user: string, keys?: string, trace?: boolean): import('../api/evaluation.js').Evaluation;
    CoreLocal: new (config: string) => LocalCore;
    CoreOutbox: new (apiKey: string, url: string, kept: string) => OutboxCore;
    retire(): void;
  }
  type Machine = import('./machine-driver.js').Machine;
  /** Local evaluation in one instance. */
  export interface LocalCore extends Machine {
    setFlags(flags: string): number;
    start(): void;
    refresh(): void;
    stop(): void;
    evaluate(user: string, keys?: string): unknown;
    takeUp(event: string): void;
    tracked(id: number, taken: boolean): void;
    answered(id: number, status: number, body: string, retryAfter?: number): boolean;
  }
  /** An outbox in one instance. */
  export interface OutboxCore extends Machine {
    track(event: string): boolean;
    flush(): void;
    close(): void;
  }
  export function instantiate(module: WebAssembly.Module, onTrap: (error: unknown) => void): EvaluateCore;
}

/** The wasm inside an entry. `undefined` in `slim`, where the page loads it. */
declare module 'core:built-in' {
  export const builtIn: (() => import('./boundary.js').WasmSource) | undefined;
}

/** The wasm as text of pkg/payload.mjs. */
declare module 'core:payload' {
  export const text: string;
}

/** The module that the platform compiled. */
declare module 'core:module' {
  const module: WebAssembly.Module;
  export default module;
}
