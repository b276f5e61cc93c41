// Writes wasm as printable ASCII, for the entry that has it inside: smaller than base64 by a fifth once compressed, and as robust.
//
// The 90 lowest byte values, most of any wasm, become one letter each, every other byte two. No letter needs an escape or depends on the
// charset that a server declares. Brotli finds the repetitions that base64 hides, since a byte is always the same letters. Starting the
// run where it covers the most bytes makes a shorter text that compresses worse, by 300 bytes.
// src/built-in/inline.ts reads it.

/** `#` to `~`: 92 letters without the space and both double-quote-string letters; `!` takes the backslash's place. */
const LETTERS = Array.from({ length: 92 }, (_, at) => (at === 57 ? '!' : String.fromCharCode(35 + at)));
/** Bytes of one letter. The last two letters begin a pair: 2 x 92 pairs hold the 166 others. */
const SINGLE = 90;
/** Which letter byte 0 is. Brotli guesses a letter by the kind of the one before (digit, capital, …), and opcodes and operands fall into such
 *  kinds best here: 115 bytes less than from the first letter on, of all places tried. */
const START = 71;

export function encode(bytes) {
  const word = (byte) => {
    const rest = byte - SINGLE;
    return rest < 0 ? LETTERS[(byte + START) % SINGLE] : LETTERS[SINGLE + Math.floor(rest / 92)] + LETTERS[rest % 92];
  };
  return Array.from(bytes, word).join('');
}
