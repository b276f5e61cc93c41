// Says whether the runs of the vectors counted the same cases. A runner that skips a suite exits 0, so an
// exit code proves nothing.
// Use: node tests/vectors/compare.mjs LOG...
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

const counts = process.argv.slice(2).map((log) => {
  const lines = readFileSync(log, 'utf8').matchAll(/^\s*vectors: (\d+) cases/gm);
  return { run: basename(log), cases: [...lines].reduce((sum, [, cases]) => sum + Number(cases), 0) };
});
for (const { run, cases } of counts) console.log(`${run}: ${cases} cases`);
const same = counts.every(({ cases }) => cases === counts[0].cases);
if (!same || !counts[0]?.cases) {
  console.error('The runs of the vectors must count the same cases, and at least one.');
  process.exitCode = 1;
}
