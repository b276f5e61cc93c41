// Runs the cases of one place, Node or a page, and answers their rows.
import { CASES } from './cases.mjs';
import { interleave } from './clock.mjs';

/**
 * `given`: `{ ours, reference, core }`, the modules of the two clients and of our core. `only`: the letters
 * of rows; none is all. `tell` hears which one is on.
 */
export async function run(given, { rounds, only = [] }, tell = () => {}) {
  const rows = [];
  for (const { letter, what, make } of CASES.filter(({ letter }) => isAsked(letter, only))) {
    tell(`${letter} ${what}`);
    const sides = await make(given);
    const times = await interleave(Object.fromEntries(sides.map((side) => [side.who, side])), rounds);
    rows.push({ letter, what, sides: sides.map(({ who, did }) => ({ who, did, ...times[who] })) });
  }
  return rows;
}

/** `c` asks for `c1` and `c2`. */
export const isAsked = (letter, only) => !only.length || only.some((asked) => letter.startsWith(asked));
