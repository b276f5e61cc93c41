// A walk over the instructions of a function: by it pkg/payload.mjs takes wasm apart, and inline.ts puts it
// together.
//
// Code compresses better in streams of one kind (all operations, all local variables, …) than mixed, by a
// ninth. Which number follows which operation, both sides must know: it is here once.

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
  /**
   * The first stream of constants, which have a sign. A constant's stream depends on the operation after it,
   * which uses it.
   */
  Int,
}

/** The number of streams. Operations with neighbouring numbers share a stream of constants. */
export const STREAMS = Stream.Int + 64;

/**
 * The natural alignment of loads and stores, from operation 0x28 on. It is a hint in wasm; the build sets it
 * to this everywhere.
 */
const ALIGNED = '23230011001122232301012';

/** Handles each part of the code: a number or a byte of a stream, or a byte that is always the same. */
export interface Walker {
  number(stream: Stream): number;
  byte(stream: Stream): number;
  fixed(byte: number): void;
  /** The operation after the number that comes next. */
  next(): number;
}

/** Walks one function: its local variables, then its instructions up to its `end`. */
export function walkFunction({ number, byte, fixed, next }: Walker): void {
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
    else if (operation === 252) walkBulk(number(Stream.Other), fixed, number);
  }
}

/** Copying and filling memory, and the operations of tables. Conversions have no operands. */
function walkBulk(operation: number, fixed: Walker['fixed'], number: Walker['number']): void {
  if (operation > 11) number(Stream.Other);
  else if (operation > 9) for (; operation < 12; operation++) fixed(0);
}
