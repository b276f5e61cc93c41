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
    evaluate(
      flags: string,
      user: string,
      keys?: string,
      trace?: boolean,
    ): import('../api/evaluation.js').Evaluation;
    CoreLocal: new (host: import('./host.js').Host) => LocalCore;
    CoreDelivery: new (host: import('./host.js').Host) => OutboxCore;
    retire(): void;
  }
  type Driven = import('./boundary.js').Driven;
  type PendingRequest = import('./pending-request.js').PendingRequest;
  /** Local evaluation in one instance. */
  export interface LocalCore extends Driven {
    setFlags(flags: string): number;
    start(request: PendingRequest): void;
    refresh(request: PendingRequest): void;
    stop(): void;
    evaluate(user: string, keys?: string): unknown;
  }
  type DeliveryCore = import('./boundary.js').DeliveryCore;
  /** An outbox in one instance. */
  export interface OutboxCore extends DeliveryCore, Driven {
    isFull(): boolean;
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
