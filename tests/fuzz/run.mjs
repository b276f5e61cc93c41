// The differential fuzzer of the engine: generated flags and users, evaluated by the reference, by the wasm
// of the package and by the native build. Use: node tests/fuzz/run.mjs [--pairs N] [--seed S] [--from FIRST]
// [--jobs N] [--native PATH]
//
// Ends with 1 if an answer differs and nothing in `differences.mjs` explains it, if one is missing, or if
// hardly any condition was met. A pair's seed and number are all that it comes of: `--seed S --from N --pairs
// 1` asks pair N again.

import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { BUILT, Native, wasm } from './engines.mjs';
import { fuzz, together } from './fuzz.mjs';
import { isWell, report } from './report.mjs';

async function main() {
  const asked = options();
  const { seed, from, pairs, native } = asked;
  console.log(`fuzz: seed ${seed}, pairs ${from} to ${from + pairs - 1}`);
  const start = performance.now();
  const jobs = Math.min(asked.jobs, pairs);
  const bounds = Array.from({ length: jobs + 1 }, (_, job) => from + Math.floor((pairs * job) / jobs));
  const runs = await Promise.all(
    bounds
      .slice(1)
      .map((end, job) => inWorker({ seed, native, from: bounds[job], pairs: end - bounds[job] })),
  );
  const run = runs.reduce(together);
  for (const line of report(run, (performance.now() - start) / 1000)) console.log(line);
  process.exitCode = isWell(run) && run.coverage.pairs === pairs ? 0 : 1;
}

function options() {
  const defaults = {
    pairs: 20_000,
    seed: Date.now() % 2 ** 32,
    from: 0,
    jobs: availableParallelism(),
    native: BUILT,
  };
  const option = ([name, value]) => [name, { type: 'string', default: String(value) }];
  const { native, ...numbers } = parseArgs({
    options: Object.fromEntries(Object.entries(defaults).map(option)),
  }).values;
  const { pairs, seed, from, jobs } = Object.fromEntries(
    Object.entries(numbers).map(([name, text]) => [name, Number(text)]),
  );
  const areWhole = [pairs, seed, from, jobs].every(Number.isSafeInteger) && pairs > 0 && jobs > 0;
  if (!areWhole) throw new Error('--pairs, --seed, --from and --jobs are whole numbers');
  if (!existsSync(native))
    throw new Error(`${native} is not there: cargo build --release --features native --example evaluate`);
  return { pairs, seed, from, jobs, native };
}

function inWorker(part) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: part });
    worker
      .on('message', resolve)
      .on('error', reject)
      .on('exit', () => reject(new Error('a job ended without a result')));
  });
}

async function part({ native: path, ...what }) {
  const native = new Native(path);
  try {
    return await fuzz({
      ...what,
      engines: { native: (questions) => native.ask(questions), wasm: (questions) => questions.map(wasm) },
    });
  } finally {
    native.close();
  }
}

if (isMainThread) await main();
else parentPort.postMessage(await part(workerData));
