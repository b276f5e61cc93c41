// Random patterns and texts: this crate must answer as Node's RegExp does.
//
//   cargo build --release -p experiment-pattern --examples
//   node crates/pattern/fuzz/run.mjs [--pairs 20000] [--seed N] [--regress]
//
// With --regress it also counts where the crate `regress` answers otherwise, or not within two seconds.

import { parseArgs } from 'node:util';
import { Random } from '../../../tests/fuzz/random.mjs';
import { Engine } from './engine.mjs';
import { pattern, patternFor } from './generate.mjs';
import { isMatch } from './javascript.mjs';

/** What texts are made of: letters that patterns of `generate.mjs` name, and their neighbours. */
const PIECES = [
  'a',
  'b',
  'c',
  'ab',
  'A',
  '1',
  '12',
  '-',
  ' ',
  '_',
  'é',
  'Σ',
  '😀',
  '\ud83d',
  '\ude00',
  '\n',
  '\r',
  '\u2028',
  '\ufeff',
  '\0',
  '\b',
  '/',
  '}',
  ']',
  'k',
  'u0061',
  'J',
  '.',
];

/** The pair of a number: the same for the same seed, on any machine. */
export function pair(seed, number) {
  const random = new Random(seed, number);
  const text = Array.from({ length: random.below(12) }, () => random.pick(PIECES)).join('');
  return { text, pattern: random.chance(0.3) ? patternFor(random, text) : pattern(random) };
}

/** How often `engine` agrees with JavaScript, and the pairs where it does not. */
export async function compare(engine, { pairs, seed }) {
  const differences = [];
  let matches = 0;
  for (let number = 0; number < pairs; number++) {
    const { pattern, text } = pair(seed, number);
    const expected = isMatch(pattern, text);
    const answer = await engine.isMatch(pattern, text);
    matches += expected === true;
    if (answer !== expected) differences.push({ number, pattern, text, expected, answer });
  }
  return { matches, differences };
}

if (import.meta.filename === process.argv[1]) {
  const { values } = parseArgs({
    options: {
      pairs: { type: 'string', default: '20000' },
      seed: { type: 'string' },
      regress: { type: 'boolean', default: false },
    },
  });
  const [pairs, seed] = [Number(values.pairs), Number(values.seed ?? Date.now() % 2 ** 31)];
  for (const name of values.regress ? ['pattern', 'regress'] : ['pattern']) {
    const engine = new Engine(name);
    const { matches, differences } = await compare(engine, { pairs, seed });
    await engine.close();
    console.log(
      `${name}: ${pairs} pairs of seed ${seed}, ${matches} match; ${differences.length} answers differ from Node ${process.version}`,
    );
    for (const { number, pattern, text, expected, answer } of differences.slice(0, 20)) {
      console.log(
        `  ${number}: /${pattern}/ on ${JSON.stringify(text)}: JavaScript ${expected}, ${name} ${answer ?? 'gave no answer'}`,
      );
    }
    if (name === 'pattern' && differences.length) process.exitCode = 1;
  }
}
