// Starts the real server with the demo's files and keys, on a free port, with nothing stored; reads as the admin does.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const root = resolve(import.meta.dirname, '../..');
const target = resolve(root, process.env.CARGO_TARGET_DIR ?? 'target');

export const dist = resolve(root, 'www/dist');

const options = ['--config', 'www/demo.json', '--port', '0', '--database', 'sqlite::memory:', '--www', dist];

export async function startServer() {
  const server = spawn(binary(), options, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const origin = await originOf(server);
  return {
    origin,
    events: (query) => read(`${origin}/api/events`, query),
    user: (query) => read(`${origin}/api/users`, query),
    stop: () => stop(server),
  };
}

function binary() {
  const built = ['release', 'debug'].map((profile) => resolve(target, profile, 'experiment-server'));
  const found = built.find((path) => existsSync(path));
  if (!found) throw new Error('No server: cargo build --release -p experiment-server');
  return found;
}

/** What it says once it listens. */
function originOf(server) {
  return new Promise((heard, failed) => {
    server.once('error', failed);
    server.once('exit', (code) => failed(new Error(`the server ended with ${code}`)));
    createInterface(server.stdout).on('line', (line) => {
      const said = /^listening on (http:\S+)$/.exec(line);
      if (said) heard(said[1]);
    });
  });
}

async function read(url, query) {
  const answer = await fetch(`${url}?${new URLSearchParams(query)}`, {
    headers: { Authorization: 'Bearer demo-admin-key' },
  });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return answer.json();
}

function stop(server) {
  if (server.exitCode !== null) return server.exitCode;
  return new Promise((stopped) => {
    server.once('exit', stopped);
    server.kill('SIGTERM');
  });
}
