// How results are printed.

/**
 * The times of one place. Ratios compare with the first side of a row, which is ours: over 1, ours is the
 * quicker one.
 */
export function times(title, rows) {
  console.log(`\n${title}\n`);
  line('', ['minimum', 'median', 'ratio', 'of medians', 'rounds']);
  for (const { letter, what, sides } of rows) {
    console.log(`${letter.padEnd(3)} ${what}`);
    for (const { who, did, least, middle, rounds } of sides) {
      const ratios =
        who === sides[0].who ? ['', ''] : [least / sides[0].least, middle / sides[0].middle].map(ratio);
      line(who, [duration(least), duration(middle), ...ratios, String(rounds)], did);
    }
  }
}

/** What the clients weigh, bundled into a page with nothing else. */
export function weights(rows) {
  console.log("\ntransfer: a page's script that starts a client, minified\n");
  line('', ['raw', 'gzip', 'brotli']);
  for (const [who, sizes] of Object.entries(rows)) line(who, Object.values(sizes).map(grouped));
}

/** What stayed in memory, by client. */
export function memory(title, byClient) {
  console.log(`\n${title}\n`);
  line('', ['heap before', 'after', 'bytes each', 'wasm before', 'after', 'bytes each']);
  Object.values(byClient)[0].forEach(({ what }, at) => {
    console.log(`g   ${what}`);
    for (const [who, rows] of Object.entries(byClient)) {
      const { before, after, turns } = rows[at];
      const grown = (what) => [before[what], after[what], (after[what] - before[what]) / turns];
      line(who, [...grown('heap'), ...grown('wasm')].map(grouped));
    }
  });
}

function line(who, cells, did = '') {
  console.log(`    ${who.padEnd(10)}${cells.map((cell) => cell.padStart(13)).join('')}   ${did}`.trimEnd());
}

const grouped = (number) => Math.round(number).toLocaleString('en');

/** Three digits are more than a shared machine can tell. */
const digits = (number) =>
  number >= 100 ? grouped(number) : number >= 1 ? number.toPrecision(3) : number.toFixed(3);

const ratio = (number) => `${digits(number)}×`;

function duration(milliseconds) {
  const [size, unit] = milliseconds < 1e-3 ? [1e-6, 'ns'] : milliseconds < 1 ? [1e-3, 'µs'] : [1, 'ms'];
  return `${digits(milliseconds / size)} ${unit}`;
}
