// Our two builds, as the reference is asked: the wasm of the package in this process, the native one in a
// process of its own.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { evaluate } from 'experiment-wasm/evaluate';

/** The answer of the package, with and without traces. A user comes as an object there, and has no page. */
export function wasm(question) {
  if (question.page) return undefined;
  const user = JSON.parse(question.user);
  const keys = question.keys ?? undefined;
  try {
    const { variants, traces, skipped } = evaluate(question.flags, user, keys);
    return {
      results: variants,
      traces,
      skipped,
      variants: evaluate(question.flags, user, keys, { trace: false }).variants,
    };
  } catch (error) {
    return { throws: `${error.code}: ${error.message}` };
  }
}

/** Where cargo puts the native build. */
export const BUILT = `${process.env.CARGO_TARGET_DIR ?? fileURLToPath(new URL('../../target', import.meta.url))}/demo/examples/evaluate`;

/**
 * How much memory the native build may take, in KiB: what has no end ends there, and not with the machine.
 */
const MEMORY = 2 << 20;

/** How long it may take for some questions at once, in milliseconds. */
const PATIENCE = 20_000;

/** The native build: `tests/fuzz/evaluate.rs`, a line for a line. */
export class Native {
  constructor(path) {
    this.path = path;
    this.waiting = [];
  }

  /** The answers to these questions, in their order; for one that it does not survive, that it throws. */
  ask(questions) {
    this.child ??= this.start();
    const answers = questions.map(
      (question) => new Promise((resolve) => this.waiting.push({ question, resolve })),
    );
    this.write(questions);
    return Promise.all(answers);
  }

  close() {
    this.child?.stdin.end();
  }

  start() {
    const child = spawn('bash', ['-c', `ulimit -v ${MEMORY} && exec "$0"`, this.path], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let [rest, said] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const line of lines) this.waiting.shift()?.resolve(JSON.parse(line));
      if (!this.waiting.length) clearTimeout(this.timer);
    });
    child.stderr.setEncoding('utf8').on('data', (text) => (said += text));
    // What cannot be written is not answered either.
    child.stdin.on('error', () => {});
    child
      .on('error', () => {})
      .on('close', (code, signal) => this.ended(`it ended with ${signal ?? code}: ${said.split('\n')[0]}`));
    return child;
  }

  write(questions) {
    const line = ({ flags, user, keys, page }) =>
      `[${flags},${user},${JSON.stringify(keys)},${JSON.stringify(page)}]\n`;
    this.child.stdin.write(questions.map(line).join(''));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.child.kill('SIGKILL'), PATIENCE);
  }

  /** The question that it was at is the one it did not survive. The others are asked again. */
  ended(why) {
    clearTimeout(this.timer);
    this.child = undefined;
    const last = this.waiting.shift();
    if (!last) return;
    last.resolve({ throws: why });
    if (!this.waiting.length) return;
    this.child = this.start();
    this.write(this.waiting.map(({ question }) => question));
  }
}
