// Writes wasm as printable ASCII, for the entry that has it inside: an eighth smaller than the wasm itself
// once both are compressed.
//
// The code is taken apart into streams of one kind (src/wasm/built-in/instructions.ts), and each number or
// byte becomes a letter or two. No letter needs an escape or depends on the charset that a server declares.
// Brotli finds the repetitions that base64 hides, since what is equal has equal letters.
// src/wasm/built-in/inline.ts puts it together again; the build runs it and compares. Use: node
// pkg/payload.mjs FILE.wasm (removes what has no meaning)
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const source = (name) => fileURLToPath(new URL(`src/wasm/built-in/${name}.ts`, import.meta.url));
const { walkFunction, STREAMS } = await compiled(source('instructions'));

/**
 * `#` to `~`: 92 letters without the space and both double-quote-string letters; `!` takes the backslash's
 * place.
 */
const LETTERS = Array.from({ length: 92 }, (_, at) => (at === 57 ? '!' : String.fromCharCode(35 + at)));

/**
 * The section with the functions' code, and the streams that are written in a way of their own (`Stream` of
 * instructions.ts).
 */
const CODE = 10;
const OPERATION = 1;
const INT = 11;

const UNUSED_MESSAGES = [
  'attempted to take ownership of Rust value while it was borrowed',
  'recursive use of an object detected which would lead to unsafe aliasing in rust',
  'FnOnce called more than once',
  'called `Result::unwrap_throw()` on an `Err` value',
  'called `Option::unwrap_throw()` on a `None` value',
  'closure invoked recursively or after being dropped',
  'null pointer passed to rust',
];

/** The text of a module, which `builtIn` of inline.ts makes the same module of. */
export async function encode(wasm) {
  const text = written(wasm);
  const { builtIn } = await compiled(source('inline'), text);
  if (Buffer.compare(Buffer.from(builtIn()), wasm))
    throw new Error('the wasm has an instruction that pkg/src/wasm/built-in/instructions.ts does not know');
  return text;
}

/**
 * Removes, in place, what has no meaning. Every alignment hint becomes the natural one, which costs nothing.
 * The messages of wasm-bindgen about mistakes of ours become blank: a page sees a trap in any case.
 */
export function plain(wasm) {
  walk(wasm, { number: () => {}, byte: () => {}, fixed: (value) => value });
  for (const sentence of UNUSED_MESSAGES) {
    const at = wasm.indexOf(sentence);
    if (at > 0) wasm.fill(' ', at, at + sentence.length);
  }
}

/**
 * The lengths of the streams, how many functions there are, how much comes before and after the code, how
 * much it all is; then the streams.
 */
function written(wasm) {
  const streams = Array.from({ length: STREAMS }, () => '');
  const { functions, start, end } = walk(wasm, {
    number: (stream, value) => (streams[stream] += number(value)),
    byte: (stream, value) => (streams[stream] += byte(stream === OPERATION ? swapped(value) : value)),
    fixed: (_, value) => value,
  });
  const [before, after] = [wasm.subarray(0, start), wasm.subarray(end)];
  streams[0] = [...before, ...after].map(byte).join('');
  return [...streams.map(({ length }) => length), functions, before.length, after.length, wasm.length]
    .map(number)
    .concat(streams)
    .join('');
}

/** A letter for most numbers, two for those under 1,272, for others one that says how many more there are. */
function number(value) {
  if (value < 76) return LETTERS[(value + 4) % 76];
  if (value < 76 + 13 * 92) return LETTERS[76 + Math.floor((value - 76) / 92)] + LETTERS[(value - 76) % 92];
  const digits = [2, 3, 5].findIndex((count) => value < 92 ** count);
  const digit = (power) => LETTERS[Math.floor(value / 92 ** power) % 92];
  return LETTERS[89 + digits] + [4, 3, 2, 1, 0].slice(-[2, 3, 5][digits]).map(digit).join('');
}

/**
 * A letter for the 90 lowest bytes, two for the others. Brotli guesses a letter by the kind of the one before
 * (digit, capital, …); bytes fall into such kinds best when 0 is the 66th, numbers when it is the fourth: 230
 * bytes less than from the first letter on.
 */
function byte(value) {
  return value < 90
    ? LETTERS[(value + 66) % 90]
    : LETTERS[90 + Math.floor((value - 90) / 92)] + LETTERS[(value - 90) % 92];
}

/**
 * The operations of arithmetic change places with comparisons of floats, which are rare: under 90 they have
 * one letter.
 */
function swapped(operation) {
  if (operation > 105 && operation < 119) return operation - 26;
  return operation > 79 && operation < 93 ? operation + 26 : operation;
}

/**
 * Walks the code and calls `visit` for the numbers and bytes of each stream. Its `fixed` returns what
 * replaces a byte that is always the same.
 */
function walk(wasm, visit) {
  let at = 8;
  const leb = (isSigned) => {
    let [value, shift, next] = [0, 0, 128];
    for (; next > 127; shift += 7) value |= ((next = wasm[at++]) & 127) << shift;
    return isSigned && next & 64 && shift < 32 ? value | (-1 << shift) : isSigned ? value : value >>> 0;
  };
  const walker = {
    number(stream) {
      const isSigned = stream >= INT;
      const value = leb(isSigned);
      visit.number(stream, !isSigned ? value : value < 0 ? -2 * value - 1 : 2 * value);
      return value;
    },
    byte(stream) {
      visit.byte(stream, wasm[at]);
      return wasm[at++];
    },
    next() {
      let ahead = at;
      while (wasm[ahead++] > 127);
      return wasm[ahead];
    },
    fixed(value) {
      wasm[at] = visit.fixed(value, wasm[at]);
      at++;
    },
  };
  for (;;) {
    const start = at;
    const section = wasm[at++];
    const end = leb() + at;
    if (section === CODE) {
      const functions = leb();
      for (let left = functions; left; left--) {
        leb();
        walkFunction(walker);
      }
      return { start, end, functions };
    }
    at = end;
  }
}

/** What a source file exports, with this text as its payload. */
async function compiled(entry, text = '') {
  const payload = {
    name: 'payload',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^core:payload$/ }, ({ path }) => ({ path, namespace: 'payload' }));
      onLoad({ filter: /./, namespace: 'payload' }, () => ({
        contents: `export const text = ${JSON.stringify(text)};`,
      }));
    },
  };
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    plugins: [payload],
  });
  return import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const wasm = readFileSync(process.argv[2]);
  plain(wasm);
  writeFileSync(process.argv[2], wasm);
}
