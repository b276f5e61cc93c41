// Plays one script with one client, in a browser context that nobody else has meanwhile, and answers the
// record: what was returned, tracked, sent and stored.
//
// A new context costs three times the work of a page in it, so contexts are used again: cookies are taken
// away here, storage by the first page of the next script, and a page that went wrong takes its context with
// it.
import { KEY } from './script.mjs';

/** When scripts begin, by the page's clock: a Monday. */
const BEGIN = Date.UTC(2026, 0, 5, 12);

let runs = 0;

/** `client` is the name of one. `seats` are the contexts that are free. */
export async function play(script, client, { browser, server, seats }) {
  const id = String(++runs);
  const seat = seats.pop() ?? (await take(browser));
  const run = { script, client, key: script.key ?? KEY, now: BEGIN, page: 0 };
  server.begin(id, run);
  try {
    await seat.context.deleteCookie(...(await seat.context.cookies()));
    await seat.context.setCookie(...cookiesOf(script, server));
    const pages = await playPages(seat, id, run, server.origin);
    seats.push(seat);
    return recordOf(pages, run.sent);
  } finally {
    if (!seats.includes(seat)) await seat.context.close();
    server.end(id);
  }
}

async function take(browser) {
  const context = await browser.createBrowserContext();
  return { context, tab: await context.newPage() };
}

function cookiesOf({ cookies = {} }, { origin }) {
  return Object.entries(cookies).map(([name, value]) => ({
    name,
    value,
    domain: new URL(origin).hostname,
    path: '/',
  }));
}

async function playPages(seat, id, run, origin) {
  const records = [];
  const { client } = run;
  let { tab } = seat;
  for (const [number, { url = '/', by, inNewTab, linked }] of run.script.pages.entries()) {
    Object.assign(run, { client: by ?? client, page: number, now: records.at(-1)?.now ?? run.now });
    if (inNewTab) tab = await seat.context.newPage();
    await tab.setExtraHTTPHeaders({ 'x-run': id });
    await (linked ? follow : open)(tab, origin + url);
    records.push(JSON.parse(await tab.evaluate(() => globalThis.stage.done)));
  }
  if (tab !== seat.tab) await tab.close();
  return records;
}

const LOADED = { waitUntil: 'domcontentloaded' };

const open = (tab, url) => tab.goto(url, LOADED);

const follow = (tab, url) =>
  Promise.all([tab.waitForNavigation(LOADED), tab.evaluate((to) => void (location.href = to), url)]);

function recordOf(pages, sent) {
  const ofPage = (field) => pages.map((page) => page[field]);
  const order = (one, other) => one.page - other.page || one.id - other.id;
  return {
    threw: ofPage('threw').filter(Boolean),
    returned: pages.map(({ returned, uncaught }) => (uncaught.length ? { returned, uncaught } : returned)),
    tracked: ofPage('tracked').flat(),
    sent: sent.sort(order).map(({ id, page, ...request }) => ({
      ...(pages.length > 1 && { page }),
      ...request,
      ...(id in pages[page].aborted && { aborted: pages[page].aborted[id] }),
    })),
    stored: ofPage('stored'),
    receivers: ofPage('receivers'),
  };
}
