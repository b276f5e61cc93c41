// How long a page takes from its script to its first variant, in a browser that has never seen it, out of
// what an earlier page stored.
import { CLIENT, starters, weight } from './bundles.mjs';
import { STORED_FLAGS } from './clients.mjs';
import { summary } from './clock.mjs';
import { launch, serve } from './environments.mjs';
import { flags, variants } from './flags.mjs';
import { isAsked } from './suite.mjs';

/** A fresh browser context takes a second on a busy machine. */
const MOST = 20;

/** What is stored, and which flag is asked for. */
const STORED = [
  {
    letter: 'f1',
    what: '100 stored variants',
    name: STORED_FLAGS.replace(/-flags$/, ''),
    text: JSON.stringify(storedVariants()),
    key: 'remote-0',
  },
  {
    letter: 'f2',
    what: '1,000 stored flags, one evaluated',
    name: STORED_FLAGS,
    text: JSON.stringify(storedFlags()),
    key: flags(1)[0].key,
  },
];

const DID = {
  ours: 'experiment-wasm: initialize, variant(key)',
  reference: `${CLIENT}: initialize, variant(key)`,
  slim: 'experiment-wasm/slim, core.wasm preloaded: initialize, load, variant(key)',
};

/** As a client stores what it fetched. */
function storedVariants() {
  const stored = Object.entries(variants()).map(([key, variant]) => [
    key,
    { ...variant, expKey: variant.metadata.experimentKey },
  ]);
  return Object.fromEntries(stored);
}

/** As a client stores flags: by key. */
function storedFlags() {
  return Object.fromEntries(flags().map((flag) => [flag.key, flag]));
}

/** Rows of start-up times, and what each side weighs. */
export async function start(wasm, { rounds, only }, tell) {
  const scripts = await starters();
  const server = await serve({ '/empty.html': page(''), '/core.wasm': wasm, ...files(scripts) });
  const browser = await launch();
  const rows = [];
  try {
    for (const stored of STORED.filter(({ letter }) => isAsked(letter, only))) {
      tell(`${stored.letter} ${stored.what}`);
      const times = Object.fromEntries(Object.keys(scripts).map((who) => [who, []]));
      for (let round = 0; round < Math.min(rounds, MOST); round++) {
        const turns = round % 2 ? Object.keys(scripts).toReversed() : Object.keys(scripts);
        for (const who of turns) times[who].push(await startOnce(browser, server.origin, who, stored));
      }
      rows.push(...rowsOf(stored, times));
    }
  } finally {
    await browser.close();
    server.close();
  }
  const weights = {
    ours: weight(scripts.ours),
    reference: weight(scripts.reference),
    slim: weight(scripts.slim, wasm),
  };
  return { rows, weights };
}

const page = (head) => `<!doctype html><title>bench</title>${head}`;

function files(scripts) {
  const preload = '<link rel="preload" href="/core.wasm" as="fetch" crossorigin>';
  return Object.fromEntries(
    Object.entries(scripts).flatMap(([who, script]) => [
      [`/${who}.js`, script],
      [`/${who}.html`, page(`${who === 'slim' ? preload : ''}<script src="/${who}.js"></script>`)],
    ]),
  );
}

/** Milliseconds from when the script was there, and from its first line, to the variant. */
async function startOnce(browser, origin, who, { name, text, key }) {
  const context = await browser.newContext();
  try {
    const tab = await context.newPage();
    await tab.goto(`${origin}/empty.html`);
    await tab.evaluate(([name, text]) => localStorage.setItem(name, text), [name, text]);
    await tab.goto(`${origin}/${who}.html#${key}`);
    await tab.waitForFunction(() => globalThis.started);
    const { started, received } = await tab.evaluate((script) => {
      const [{ responseEnd }] = performance.getEntriesByName(new URL(script, location.href).href);
      return { started: globalThis.started, received: responseEnd };
    }, `/${who}.js`);
    if (!started.key) throw new Error(`${who} did not find the variant of ${key}`);
    return { received: started.end - received, run: started.end - started.top };
  } finally {
    await context.close();
  }
}

function rowsOf({ letter, what }, times) {
  const kinds = { received: 'script received → first variant', run: "script's first line → first variant" };
  return Object.entries(kinds).map(([kind, title]) => ({
    letter,
    what: `start-up, ${what}: ${title}`,
    sides: Object.entries(times).map(([who, taken]) => ({
      who,
      did: DID[who],
      ...summary(taken.map((time) => time[kind])),
    })),
  }));
}
