// The instructions of a function, walked one by one: the seam along which pkg/payload.mjs takes wasm apart and inline.ts puts it together.
//
// Code compresses better in streams of one kind (all operations, all local variables, …) than mixed, by a ninth. Which number follows which
// operation both sides must know, so it stands here once.

/** The streams, in the order they are written. `Rest` is what surrounds the code. */
export const enum Stream {
  Rest,
  Operation,
  Get,
  Set,
  Offset,
  Long,
  Call,
  Block,
  Label,
  Other,
  Type,
  /** The first of those for constants, which have a sign: what one is good for, the operation after it says. */
  Int,
}

/** How many there are: operations that are near each other share a stream of constants. */
export const STREAMS = Stream.Int + 64;

/** How loads and stores are aligned, from operation 0x28 on: naturally. It is a hint, and the build sees to it that it is never another. */
const ALIGNED = '23230011001122232301012';

/** What happens to each part of the code: a number or a byte of a stream, or a byte that is always the same. */
export interface Mover {
  number(stream: Stream): number;
  byte(stream: Stream): number;
  fixed(byte: number): void;
  /** The operation after the number that comes next. */
  next(): number;
}

/** Moves one function: its local variables, then its instructions up to the `end` that nothing opened. */
export function moveFunction({ number, byte, fixed, next }: Mover): void {
  for (let runs = number(Stream.Type); runs--; byte(Stream.Type)) number(Stream.Type);
  for (let depth = 1; depth; ) {
    const operation = byte(Stream.Operation);
    if (operation === 11) depth--;
    else if (operation > 1 && operation < 5) depth++, number(Stream.Block);
    else if (operation === 12 || operation === 13) number(Stream.Label);
    else if (operation === 14) for (let labels = number(Stream.Other) + 1; labels--; ) number(Stream.Other);
    else if (operation === 16) number(Stream.Call);
    else if (operation === 17) number(Stream.Other), number(Stream.Other);
    else if (operation === 32) number(Stream.Get);
    else if (operation === 33 || operation === 34) number(Stream.Set);
    else if (operation > 34 && operation < 39) number(Stream.Other);
    else if (operation > 39 && operation < 63) fixed(+ALIGNED[operation - 40]!), number(Stream.Offset);
    else if (operation === 63 || operation === 64) fixed(0);
    else if (operation === 65) number(Stream.Int + (next() >> 2));
    else if (operation === 66) while (byte(Stream.Long) > 127);
    else if (operation === 68) for (let bytes = 8; bytes--; ) byte(Stream.Long);
    else if (operation === 208 || operation === 210) number(Stream.Other);
    else if (operation === 252) moveBulk(number(Stream.Other), fixed, number);
  }
}

/** Copying and filling memory, and the operations of tables; conversions have nothing behind them. */
function moveBulk(operation: number, fixed: Mover['fixed'], number: Mover['number']): void {
  if (operation > 11) number(Stream.Other);
  else if (operation > 9) for (; operation < 12; operation++) fixed(0);
}
