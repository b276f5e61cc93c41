// experiment-wasm: the wasm is inside, `Experiment.initialize` has it at once. (For workerd and edge-light it
// is imported as a module.)
export * from './public.js';
