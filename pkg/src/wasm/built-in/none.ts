// For `slim`: the page loads the wasm, with `load` or `loadSync`.
export const builtIn = undefined;
