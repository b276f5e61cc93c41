// The fuzzer of the server's routes: schemathesis sends what docs/openapi.json allows and what it does not,
// and looks whether each answer is as described. Use: node tests/fuzz-server/run.mjs --schemathesis PATH
// --server PATH [--seconds 600]
//
// Nine tenths of the time with keys, the rest with wrong keys or none. The database is a new SQLite file,
// or that of EXPERIMENT_TEST_POSTGRES (server/tests/with-postgres). Ends with 1 if an answer is not as
// described.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const here = (path) => join(root, 'tests/fuzz-server', path);

const { values: options } = parseArgs({
  options: {
    schemathesis: { type: 'string' },
    server: { type: 'string' },
    seconds: { type: 'string', default: '600' },
  },
});

const directory = mkdtempSync(join(tmpdir(), 'fuzz-server-'));
const { EXPERIMENT_TEST_POSTGRES } = process.env;
const database = EXPERIMENT_TEST_POSTGRES
  ? `${EXPERIMENT_TEST_POSTGRES}/postgres`
  : `sqlite:${join(directory, 'events.db')}`;

const port = await freePort();
const origin = `http://127.0.0.1:${port}`;
const config = join(root, 'server/tests/server/config.json');
const server = spawn(options.server, ['--config', config, '--port', String(port), '--database', database], {
  env: { ...process.env, EXPERIMENT_LOG: 'error' },
  stdio: ['ignore', 'inherit', 'inherit'],
});
const ended = new Promise((resolve) => server.once('exit', resolve));
try {
  await answers();
  const seconds = Number(options.seconds);
  const wrong = Math.max(10, Math.round(seconds / 10));
  console.log(`fuzz-server: ${EXPERIMENT_TEST_POSTGRES ? 'PostgreSQL' : 'SQLite'}, ${seconds} seconds`);
  const right = await fuzz('right', seconds - wrong);
  const codes = [...right, ...(await fuzz('wrong', wrong))];
  const isAlive = server.exitCode === null && (await fetch(`${origin}/readyz`)).status === 200;
  if (!isAlive) console.error('The server does not answer any more.');
  process.exitCode = isAlive && codes.every((code) => code === 0) ? 0 : 1;
} finally {
  server.kill('SIGTERM');
  await ended;
  rmSync(directory, { recursive: true });
}

async function freePort() {
  const socket = createServer();
  await new Promise((resolve) => socket.listen(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise((resolve) => socket.close(resolve));
  return port;
}

async function answers() {
  for (let tries = 0; tries < 600; tries++) {
    if (server.exitCode !== null) throw new Error('The server did not start.');
    const response = await fetch(`${origin}/readyz`).catch(() => undefined);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('The server does not answer.');
}

/** Two runs of schemathesis side by side, with a seed each; resolves with their exit codes. */
async function fuzz(keys, seconds) {
  const runs = await Promise.all([1, 2].map((number) => schemathesis(keys, seconds, number)));
  for (const { output } of runs) process.stdout.write(output);
  report(
    keys,
    runs.map(({ counts }) => counts),
  );
  return runs.map(({ code }) => code);
}

async function schemathesis(keys, seconds, number) {
  const counts = join(directory, `counts-${keys}-${number}.json`);
  const args = ['--config-file', here('schemathesis.toml'), 'run', join(root, 'docs/openapi.json')];
  args.push('--url', origin, '--max-time', String(seconds), '--generation-database', 'none');
  args.push('--no-color', '--warnings', 'off');
  const run = spawn(options.schemathesis, args, {
    cwd: directory,
    env: { ...process.env, SCHEMATHESIS_HOOKS: here('hooks.py'), FUZZ_KEYS: keys, FUZZ_COUNTS: counts },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  run.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  const code = await new Promise((resolve) => run.once('close', resolve));
  return { code, output, counts: JSON.parse(readFileSync(counts, 'utf8')) };
}

/** How many requests each route had, by status. */
function report(keys, runs) {
  const routes = new Map();
  for (const [key, count] of runs.flatMap(Object.entries)) {
    const [route, status] = key.split('\t');
    const statuses = routes.get(route) ?? new Map();
    routes.set(route, statuses.set(status, (statuses.get(status) ?? 0) + count));
  }
  const all = runs.flatMap(Object.values).reduce((sum, count) => sum + count, 0);
  console.log(`\nfuzz-server: ${all} requests with ${keys} keys`);
  for (const [route, statuses] of [...routes].sort()) {
    const shown = [...statuses].sort().map(([status, count]) => `${status}: ${count}`);
    console.log(`  ${route.padEnd(48)} ${shown.join(', ')}`);
  }
}
