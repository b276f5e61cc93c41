// How time is taken: all sides of a case take turns, a slice each, for many rounds. What else the machine
// does meets all of them alike, and the least of many rounds is what the code itself costs.

/**
 * How long a side's turn is, in milliseconds: long against the clock's 5 µs, short against what else runs.
 */
const SLICE = 5;

/** A case ends after this many milliseconds, whatever the rounds say; but not before this many of them. */
const BUDGET = 25_000;
const LEAST = 5;

/** A side is warm, and known, after this many calls or milliseconds. */
const WARM_CALLS = 2_000;
const WARM = 150;

/**
 * `sides`: by name `{ run(calls) }`, which may answer a promise. Answers by name what one call takes in
 * milliseconds, the least and the middle of all rounds, and how many these were.
 */
export async function interleave(sides, rounds) {
  const names = Object.keys(sides);
  const calls = {};
  for (const name of names) calls[name] = Math.max(1, Math.round(SLICE / (await warm(sides[name]))));
  const times = Object.fromEntries(names.map((name) => [name, []]));
  const end = performance.now() + BUDGET;
  for (let round = 0; round < rounds && (round < LEAST || performance.now() < end); round++) {
    // Nobody is always the one who comes after the other.
    for (const name of round % 2 ? names.toReversed() : names)
      times[name].push((await turn(sides[name], calls[name])) / calls[name]);
    await breath();
  }
  return Object.fromEntries(names.map((name) => [name, summary(times[name])]));
}

/** Milliseconds of one call of a side that is warm. */
async function warm(side) {
  let [each, spent, calls] = [0, 0, 0];
  for (let size = 1; calls < WARM_CALLS && spent < WARM; size = Math.min(size * 2, 256)) {
    const time = await turn(side, size);
    each = time / size;
    spent += time;
    calls += size;
  }
  return Math.max(each, 1e-6);
}

async function turn(side, calls) {
  const start = performance.now();
  // A synchronous side is not made to wait for a microtask.
  const running = side.run(calls);
  if (running) await running;
  return performance.now() - start;
}

/** The event loop turns once: timers and finalizers have their time outside of what is measured. */
export const breath = () => new Promise((resolve) => setTimeout(resolve));

/** The least and the middle of these times, and how many there are. */
export function summary(times) {
  const sorted = times.toSorted((one, other) => one - other);
  return { least: sorted[0], middle: sorted[sorted.length >> 1], rounds: sorted.length };
}
