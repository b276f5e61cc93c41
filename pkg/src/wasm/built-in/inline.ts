// The default entry: the wasm is inside the script as text, for a synchronous `initialize`. pkg/payload.mjs
// writes and explains the text.
import { text } from 'core:payload';
import { STREAMS, Stream, walkFunction } from './instructions.js';

/** The bytes of the module. From a damaged script they are not valid, and compiling them fails. */
export function builtIn(): Uint8Array<ArrayBuffer> {
  const cursors = [0];
  const letter = (stream: number) => {
    const code = text.charCodeAt(cursors[stream]!++);
    return code === 33 ? 57 : code - 35;
  };
  /** A number: one letter, two, or as many as the first one says. */
  const read = (stream: number) => {
    let value = letter(stream);
    if (value < 76) return (value + 72) % 76;
    if (value < 89) return (value - 76) * 92 + letter(stream) + 76;
    let digits = [2, 3, 5][value - 89]!;
    for (value = 0; digits--; ) value = value * 92 + letter(stream);
    return value;
  };
  const lengths = Array.from({ length: STREAMS + 4 }, () => read(0));
  let [functions, before, after, size] = lengths.splice(STREAMS) as [number, number, number, number];
  lengths.reduce((at, length, stream) => (cursors[stream] = at) + length, cursors[0]!);

  const out = new Uint8Array(size);
  let end = 0;
  const put = (byte: number) => {
    out[end++] = byte;
  };
  /** `most`: the largest number of one byte. */
  const leb = (value: number, most: number) => {
    for (; value > most || value < -64; value >>= 7) put((value & 127) | 128);
    put(value & 127);
  };
  const number = (stream: number) => {
    const value = read(stream);
    if (stream >= Stream.Int) leb(value % 2 ? -(value + 1) / 2 : value / 2, 63);
    else leb(value, 127);
    return value;
  };
  const coded = (stream: number) => {
    let value = letter(stream);
    value = value < 90 ? (value + 24) % 90 : value + (value - 90) * 91 + letter(stream);
    // Operations of arithmetic and comparisons of floats change places: `swapped` of pkg/payload.mjs.
    if (stream === Stream.Operation && value > 79 && value < 119)
      value += value < 93 ? 26 : value > 105 ? -26 : 0;
    return value;
  };
  const byte = (stream: number) => {
    const value = coded(stream);
    put(value);
    return value;
  };
  const next = () => {
    const at = cursors[Stream.Operation]!;
    const value = coded(Stream.Operation);
    cursors[Stream.Operation] = at;
    return value;
  };
  /** Inserts at `start` the length of what was written since. */
  const measure = (start: number) => {
    const stop = end;
    leb(stop - start, 127);
    const length = out.slice(stop, end);
    out.copyWithin(start + length.length, start, stop);
    out.set(length, start);
  };
  for (; before; before--) byte(Stream.Rest);
  put(10);
  const code = end;
  leb(functions, 127);
  for (; functions; functions--) {
    const start = end;
    walkFunction({ byte, number, fixed: put, next });
    measure(start);
  }
  measure(code);
  for (; after; after--) byte(Stream.Rest);
  return out;
}
