// A server whose file outlives it: it goes down and comes back where it was.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startServer } from '../e2e/server.mjs';

export const config = 'tests/real-clients/config.json';

/** `isFull` says whether the disk takes another byte of it. */
export async function persistentServer() {
  const folder = await mkdtemp(join(tmpdir(), 'experiment-server-'));
  const database = `sqlite:${join(folder, 'events.db')}`;
  let server = await startServer({ config, database });
  const { origin } = server;
  return {
    origin,
    events: (query) => server.events(query),
    down: () => server.stop(),
    up: async () => void (server = await startServer({ config, database, port: new URL(origin).port })),
    full: (isFull) =>
      promisify(execFile)('prlimit', ['--pid', server.pid, `--fsize=${isFull ? 0 : 'unlimited'}:unlimited`]),
    async close() {
      await server.stop();
      await rm(folder, { recursive: true });
    },
  };
}
