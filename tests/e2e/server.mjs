// Starts the real server with the demo's files and keys, on a free port, with nothing stored; reads back as the admin does.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { until } from './until.mjs';

const root = resolve(import.meta.dirname, '../..');
const target = process.env.CARGO_TARGET_DIR ?? resolve(root, 'target');

export const dist = resolve(root, 'www/dist');

export async function startServer() {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const options = ['--config', 'www/demo.json', '--port', port, '--database', 'sqlite::memory:', '--www', dist];
  const process = spawn(binary(), options, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  await until('the server answers', () => fetch(`${origin}/healthz`).then((answer) => answer.ok, () => false));
  return { origin, events: (query) => read(`${origin}/api/events`, query), user: (query) => read(`${origin}/api/users`, query), stop: () => stop(process) };
}

function binary() {
  const built = ['release', 'debug'].map((profile) => resolve(target, profile, 'experiment-server'));
  const found = built.find((path) => existsSync(path));
  if (!found) throw new Error('No server: cargo build --release -p experiment-server');
  return found;
}

/** Taken and given back: the server gets it a moment later. */
function freePort() {
  return new Promise((found, failed) => {
    const probe = createServer().on('error', failed);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => found(String(port)));
    });
  });
}

async function read(url, query) {
  const answer = await fetch(`${url}?${new URLSearchParams(query)}`, { headers: { Authorization: 'Bearer demo-admin-key' } });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return answer.json();
}

function stop(process) {
  if (process.exitCode !== null) return process.exitCode;
  return new Promise((stopped) => {
    process.once('exit', stopped);
    process.kill('SIGTERM');
  });
}
