// `node --test` of all test files, those that take longest first: Node begins them by name, and a long file
// that begins last keeps one core busy while the others are idle.
//
// How long each file took is written to target/logs/js-durations.json, which the next run begins with, and
// the slowest are printed.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative, sep } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = ['crates', 'pkg', 'tests', 'www'];
const NOT_OURS = ['node_modules', 'dist'];

/** Before the first run has measured: these open browsers. */
const LONG = ['tests/side-by-side/', 'tests/e2e/', 'tests/real-clients/'];

/** In milliseconds, far more than any test takes on a busy machine. */
const PATIENCE = 600_000;

const PRINTED = 12;
const LOGS = join(ROOT, 'target/logs');
const DURATIONS = join(LOGS, 'js-durations.json');

const files = longestFirst(FOLDERS.flatMap(testFiles), durationsOfBefore());
if (files.length === 0) throw new Error('there are no tests');
const durations = {};
const tests = run({
  files: files.map((file) => join(ROOT, file)),
  concurrency: availableParallelism(),
  timeout: PATIENCE,
});
tests.on('test:fail', () => (process.exitCode = 1));
tests.on('test:complete', ({ name, file, details }) => {
  if (name === file) durations[relative(ROOT, file)] = Math.round(details.duration_ms);
});
tests.on('end', report);
tests.compose(spec).pipe(process.stdout);

function testFiles(folder) {
  return readdirSync(join(ROOT, folder), { recursive: true })
    .filter((file) => /\.test\.[cm]?js$/.test(file))
    .filter((file) => !file.split(sep).some((part) => NOT_OURS.includes(part)))
    .map((file) => join(folder, file));
}

function durationsOfBefore() {
  try {
    return JSON.parse(readFileSync(DURATIONS, 'utf8'));
  } catch {
    return {};
  }
}

/** Files that were not measured come first where they are long, else last. */
function longestFirst(all, known) {
  const isLong = (file) => LONG.some((folder) => file.startsWith(folder));
  const duration = (file) => known[file] ?? (isLong(file) ? Number.MAX_VALUE : 0);
  return all.sort().sort((one, other) => duration(other) - duration(one));
}

function report() {
  mkdirSync(LOGS, { recursive: true });
  writeFileSync(DURATIONS, JSON.stringify(durations, null, 2));
  const slowest = Object.entries(durations).sort(([, one], [, other]) => other - one);
  const line = ([file, millis]) => `${(millis / 1000).toFixed(1).padStart(6)} s  ${file}`;
  console.log(`the slowest of ${slowest.length} files:\n${slowest.slice(0, PRINTED).map(line).join('\n')}`);
}
