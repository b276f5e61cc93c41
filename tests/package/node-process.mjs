// A Node process of its own, for what has to be so before the package is imported. It prints JSON, which is
// answered.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Far more than anything here takes: a process that does not end by itself has left a timer behind. */
const PATIENCE = 60_000;

export async function inNodeProcess(text) {
  const { stdout } = await execute(process.execPath, ['--input-type=module', '--eval', text], {
    cwd: import.meta.dirname,
    timeout: PATIENCE,
    maxBuffer: 64 << 20,
  });
  return JSON.parse(stdout.trim().split('\n').pop());
}

/** Breaks WebAssembly in that process, in one of the ways that pages have. */
export const without = {
  webAssembly: 'delete globalThis.WebAssembly;',
  permission: `const refuse = () => { throw new WebAssembly.CompileError('blocked by CSP') };
    WebAssembly.Module = class { constructor() { refuse() } }; WebAssembly.compile = async () => refuse();`,
  compilingAtOnce: `const { Module } = WebAssembly;
    WebAssembly.Module = class { constructor() { throw new RangeError('disallowed on the main thread') } static [Symbol.hasInstance](value) { return value instanceof Module } };`,
  linkingAtOnce: `const { Instance } = WebAssembly;
    WebAssembly.Instance = class { constructor() { throw new RangeError('disallowed on the main thread') } static [Symbol.hasInstance](value) { return value instanceof Instance } };`,
};
