// An app of somebody else: the packed tarball, installed into an empty folder, and a process that runs in it.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));

/** Packs pkg/ and installs it without network. `remove` deletes the app. */
export async function scratch() {
  const dir = await mkdtemp(join(tmpdir(), 'experiment-wasm-'));
  const { stdout } = await execute('npm', ['pack', '--json', '--pack-destination', dir], {
    cwd: join(root, 'pkg'),
  });
  const [{ filename, files }] = JSON.parse(stdout);
  await writeFile(join(dir, 'package.json'), '{"private":true}');
  await execute('npm', ['install', '--offline', '--no-audit', '--no-fund', join(dir, filename)], {
    cwd: dir,
  });
  const write = (name, text) => writeFile(join(dir, name), text);
  return {
    dir,
    tarball: join(dir, filename),
    installed: join(dir, 'node_modules/experiment-wasm'),
    files: files.map(({ path }) => path),
    write,
    /** Runs a script in the app and answers the JSON it printed last. */
    async run(name, text, ...flags) {
      await write(name, text);
      return JSON.parse(
        (await execute(process.execPath, [...flags, name], { cwd: dir })).stdout.trim().split('\n').pop(),
      );
    },
    /** Runs a tool of the workspace in the app. */
    tool: (name, ...args) => execute(join(root, 'node_modules/.bin', name), args, { cwd: dir }),
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}
