// Plays one script with one client, in a browser context that nobody else has meanwhile, and answers the record: what was returned, tracked,
// sent and stored.
//
// A new context costs three times the work of a page in it, so contexts are used again: cookies are taken away here, storage by the first
// page of the next script, and a page that went wrong takes its context with it.
import { KEY } from './script.mjs';

/** When scripts begin, by the page's clock: a Monday. */
const BEGIN = Date.UTC(2026, 0, 5, 12);

/** Where nobody listens: what would leave the machine ends here. */
const NOWHERE = { server: 'http://127.0.0.1:9', bypass: '127.0.0.1' };

let runs = 0;

/** `client` is the name of one. `seats` are the contexts that are free. */
export async function play(script, client, { browser, server, seats }) {
  const id = String(++runs);
  const { userAgent, locale, elsewhere, cookies = {} } = script;
  const isPlain = !userAgent && !locale && !elsewhere;
  const seat = (isPlain && seats.pop()) || (await take(browser, { userAgent, locale }));
  const run = { script, client, key: script.key ?? KEY, now: BEGIN, page: 0 };
  server.begin(id, run);
  try {
    await seat.context.clearCookies();
    await seat.context.addCookies(Object.entries(cookies).map(([name, value]) => ({ name, value, url: server.origin })));
    if (elsewhere) await answerElsewhere(seat.context, id, server);
    const pages = await playPages(seat, id, run, server.origin);
    if (isPlain) seats.push(seat);
    return recordOf(pages, run.sent);
  } finally {
    if (!seats.includes(seat)) await seat.context.close();
    server.end(id);
  }
}

async function take(browser, options) {
  const context = await browser.newContext({ proxy: NOWHERE, ...options });
  return { context, tab: await context.newPage() };
}

async function playPages(seat, id, run, origin) {
  const records = [];
  const { client } = run;
  let { tab } = seat;
  for (const [number, { url = '/', by, inNewTab, referer }] of run.script.pages.entries()) {
    Object.assign(run, { client: by ?? client, page: number, now: records.at(-1)?.now ?? run.now });
    if (inNewTab) tab = await seat.context.newPage();
    await tab.setExtraHTTPHeaders({ 'x-run': id });
    await tab.goto(origin + url, { waitUntil: 'commit', referer });
    records.push(JSON.parse(await tab.evaluate(() => globalThis.stage.done)));
  }
  if (tab !== seat.tab) await tab.close();
  return records;
}

/** Other hosts are answered here, as the script says. */
async function answerElsewhere(context, id, server) {
  await context.route(
    (url) => url.origin !== server.origin,
    async (route) => {
      const request = route.request();
      const asked = { url: request.url(), method: request.method(), headers: await request.allHeaders(), body: request.postData() };
      const { code, headers, body, lost } = server.elsewhere(id, asked, new URL(asked.url).host);
      if (lost) return route.abort();
      await route.fulfill({ status: code, body, headers: { ...headers, 'access-control-allow-origin': '*', 'access-control-expose-headers': '*' } });
    },
  );
}

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
    told: ofPage('told'),
  };
}
