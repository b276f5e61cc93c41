// `make bench`: measures ours against the reference, in Node and in headless Chromium, and prints what came
// out. It asserts nothing about time and writes nothing. Rows are explained in README.md.
//
// node benches/run.mjs [--rounds 30] [--only a,b,c2,…]
import { availableParallelism, cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { coreWasm, modules } from './bundles.mjs';
import { casesInChromium, casesInNode, launch, memoryInChromium, memoryInNode } from './environments.mjs';
import { start } from './start.mjs';
import * as table from './table.mjs';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '30' }, only: { type: 'string', default: '' } },
});
const options = { rounds: Number(values.rounds), only: values.only.split(',').filter(Boolean) };
/** Whether something of these groups is asked for. */
const asks = (groups) => !options.only.length || options.only.some(([group]) => groups.includes(group));
const tell = (place) => (what) => process.stderr.write(`${place}: ${what}\n`);

const browser = await launch();
const chromium = `Chromium ${browser.version()}`;
await browser.close();
const node = `Node ${process.versions.node}`;
console.log(
  `${cpus()[0].model}, ${availableParallelism()} cores, load ${loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')}; ${node}, ${chromium}`,
);

const [code, wasm] = [await modules(), coreWasm()];
if (asks('abcde')) {
  table.times(node, await casesInNode(code, wasm, options, tell(node)));
  table.times(chromium, await casesInChromium(code, wasm, options, tell(chromium)));
}
if (asks('f')) {
  const { rows, weights } = await start(wasm, options, tell(chromium));
  table.times(`${chromium}, a new context for each start`, rows);
  table.weights(weights);
}
if (asks('g')) {
  const places = [
    [node, (who) => memoryInNode(code, who)],
    [chromium, (who) => memoryInChromium(code, who, wasm, tell(chromium))],
  ];
  for (const [place, of] of places) {
    tell(place)('g memory');
    table.memory(`${place}, memory`, { ours: await of('ours'), reference: await of('reference') });
  }
}
// The reference's clients have timers that never end.
process.exit();
