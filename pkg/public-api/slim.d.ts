declare function load(source: CoreSource): Promise<void>;
declare function loadSync(source: BufferSource | WebAssembly.Module): void;
export * from "./index.js";
export { CoreSource, load, loadSync };
type CoreSource = string | URL | Response | Promise<Response> | BufferSource | WebAssembly.Module;
