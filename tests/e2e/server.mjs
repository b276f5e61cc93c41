// Starts the real server, with the demo's files and keys on a free port and nothing stored unless the test
// says otherwise; reads as the admin does.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const root = resolve(import.meta.dirname, '../..');
const target = resolve(root, process.env.CARGO_TARGET_DIR ?? 'target');

export const dist = resolve(root, 'www/dist');

// Ignored, so that a write which the system refuses for its size fails as on a full disk, and does not end
// the process.
const run = `trap '' XFSZ; exec "$0" "$@"`;

/**
 * `config` is a path in the repository. A `database` in a file, and a `port`, are for a server that comes
 * back after a stop.
 */
export async function startServer({ config = 'www/demo.json', database = 'sqlite::memory:', port = 0 } = {}) {
  const options = ['--config', config, '--port', port, '--database', database, '--www', dist];
  const server = spawn('sh', ['-c', run, binary(), ...options], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const origin = await originOf(server);
  const [project] = JSON.parse(readFileSync(resolve(root, config), 'utf8')).projects;
  const reading = (path) => (query) => read(`${origin}${path}`, query, project.admin_key);
  return {
    origin,
    pid: server.pid,
    events: reading('/api/events'),
    user: reading('/api/users'),
    usage: reading('/api/usage'),
    stop: () => stop(server),
  };
}

/** The server that was built last, with whichever profile. */
function binary() {
  const paths = ['debug', 'demo', 'release'].map((profile) => resolve(target, profile, 'experiment-server'));
  const builtAt = (path) => statSync(path).mtimeMs;
  const [last] = paths.filter((path) => existsSync(path)).sort((one, other) => builtAt(other) - builtAt(one));
  if (!last) throw new Error('No server: cargo build -p experiment-server');
  return last;
}

/** For how long it may start, and stop: it gives itself ten seconds for requests and five for its queue. */
const patience = 60_000;

/** What it says once it listens. */
function originOf(server) {
  const heard = new Promise((heard, failed) => {
    server.once('error', failed);
    server.once('exit', (code) => failed(new Error(`the server ended with ${code}`)));
    createInterface(server.stdout).on('line', (line) => {
      const said = /^listening on (http:\S+)$/.exec(line);
      if (said) heard(said[1]);
    });
  });
  return orKilled(server, heard, 'the server did not start');
}

/** What is waited for; a server that is not done in time is ended. */
async function orKilled(server, awaited, otherwise) {
  let timer;
  const late = new Promise((_, failed) => {
    timer = setTimeout(() => {
      server.kill('SIGKILL');
      failed(new Error(otherwise));
    }, patience);
  });
  try {
    return await Promise.race([awaited, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function read(url, query, key) {
  const answer = await fetch(`${url}?${new URLSearchParams(query)}`, {
    headers: { Authorization: `Bearer ${key}` },
  });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return answer.json();
}

function stop(server) {
  if (server.exitCode !== null) return server.exitCode;
  const stopped = new Promise((stopped) => {
    server.once('exit', stopped);
    server.kill('SIGTERM');
  });
  return orKilled(server, stopped, 'the server did not stop');
}
