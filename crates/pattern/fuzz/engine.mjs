// An engine in a process of its own, which is ended when it takes too long for one pair.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const target = process.env.CARGO_TARGET_DIR ?? fileURLToPath(new URL('../../../target', import.meta.url));

/** The milliseconds for one pair, and the memory in KiB. */
const PATIENCE = 2_000;
const MEMORY = 1 << 20;

const hex = (text) =>
  Array.from({ length: text.length }, (_, at) => text.charCodeAt(at).toString(16).padStart(4, '0')).join('');

/** `pattern`, which is this crate, or `regress`. */
export class Engine {
  constructor(name) {
    this.path = `${target}/demo/examples/${name}`;
  }

  /**
   * `true` or `false`; `null` for a pattern that is refused, `undefined` where the engine ended or was ended.
   */
  async isMatch(pattern, text) {
    this.child ??= this.start();
    const answer = new Promise((resolve) => (this.resolve = resolve));
    const timer = setTimeout(() => this.child?.kill('SIGKILL'), PATIENCE);
    this.child.stdin.write(`${hex(pattern)} ${hex(text)}\n`);
    const line = await answer;
    clearTimeout(timer);
    return { 1: true, 0: false, '-': null }[line];
  }

  start() {
    const child = spawn('bash', ['-c', `ulimit -v ${MEMORY} && exec "$0"`, this.path], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    child.stdin.on('error', () => {});
    child.stdout.setEncoding('utf8').on('data', (line) => this.resolve(line.trim()));
    child.on('close', () => {
      if (this.child === child) this.child = undefined;
      this.resolve?.(undefined);
    });
    return child;
  }

  async close() {
    const { child } = this;
    if (!child) return;
    child.stdin.end();
    await new Promise((resolve) => child.on('close', resolve));
  }
}
