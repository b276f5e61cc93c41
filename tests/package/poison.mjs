// A real trap in the build that ships: its memory is overwritten from outside, so that the next thing it does
// breaks.
//
// The text runs in the page, or in Node, before the package does. It keeps every instance, and offers
// `poison()`.

export const POISON = `
  globalThis.instances = [];
  WebAssembly.Instance = class extends WebAssembly.Instance {
    constructor(module, imports) { super(module, imports); instances.push(this); }
  };
  globalThis.poison = () => {
    const { memory } = instances.at(-1).exports.memory ? instances.at(-1).exports : { memory: Object.values(instances.at(-1).exports).find((held) => held instanceof WebAssembly.Memory) };
    new Uint8Array(memory.buffer).fill(0xff);
  };`;
