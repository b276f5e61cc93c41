// `slim`: the page brings the wasm, with `load` or `loadSync`.
export const builtIn = undefined;
