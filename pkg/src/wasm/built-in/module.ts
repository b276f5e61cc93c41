// For `workerd` and `edge-light`: the platform compiles the wasm file and imports it as a module. Compiling
// bytes is not allowed there.
import module from 'core:module';

export const builtIn = () => module;
