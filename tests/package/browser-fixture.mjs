// A server that says what the test wants, writes down what it was asked, and can hold an answer back; and the
// browser that asks it.
import { once } from 'node:events';
import { createServer } from 'node:http';
import puppeteer from 'puppeteer-core';

/** Where nobody listens: what would leave the machine ends here. */
const NOWHERE = { host: '127.0.0.1', port: 9 };

const BROWSERS = {
  chromium: {
    browser: 'chrome',
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      `--proxy-server=${NOWHERE.host}:${NOWHERE.port}`,
      '--proxy-bypass-list=127.0.0.1',
    ],
  },
  firefox: {
    browser: 'firefox',
    executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
    extraPrefsFirefox: {
      'network.proxy.type': 1,
      ...Object.fromEntries(
        ['http', 'ssl'].flatMap((kind) => [
          [`network.proxy.${kind}`, NOWHERE.host],
          [`network.proxy.${kind}_port`, NOWHERE.port],
        ]),
      ),
      'network.proxy.no_proxies_on': '127.0.0.1',
    },
  },
};

/** Their names. */
export const browsers = Object.keys(BROWSERS);

/** A busy machine takes its time. `more` are options of puppeteer. */
export const launch = (name, more = {}) => puppeteer.launch({ timeout: 120_000, ...BROWSERS[name], ...more });

const TYPES = {
  html: 'text/html',
  js: 'text/javascript',
  wasm: 'application/wasm',
  json: 'application/json',
};

/**
 * `answers`: by path, `{body, headers?}`, bytes, an object (sent as JSON), or a function of the request that
 * answers one of these, later if it wants. `asked(path)` waits for the next request of that path that nobody
 * waited for before.
 */
export async function scriptedServer(answers) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const path = request.url.split('?')[0];
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const seen = {
      path,
      method: request.method,
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    };
    requests.push(seen);
    server.emit('asked');
    const answer = typeof answers[path] === 'function' ? await answers[path](seen) : answers[path];
    const {
      body = answer,
      headers = {},
      status = answer ? 200 : 404,
    } = answer?.body === undefined ? {} : answer;
    const bytes =
      typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body ?? null);
    response.writeHead(status, { 'content-type': TYPES[path.split('.').pop()] ?? TYPES.json, ...headers });
    response.end(bytes);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const taken = new Set();
  const next = (path) => requests.find((request) => request.path === path && !taken.has(request));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    requests,
    async asked(path) {
      while (!next(path)) await once(server, 'asked');
      const request = next(path);
      taken.add(request);
      return request;
    },
    close: () => server.close() && server.closeAllConnections(),
  };
}

/** Opens a page and demands that nothing is thrown in it. Console errors go to `said`. */
export async function open(browser, url) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  const said = [];
  const thrown = [];
  page.on('console', (message) => message.type() === 'error' && said.push(message.text()));
  // Not `pageerror`: what Firefox remarks on its own looks the same there.
  await page.exposeFunction('noteThrown', (text) => void thrown.push(text));
  await page.evaluateOnNewDocument(() => {
    addEventListener('error', ({ message }) => noteThrown(message));
    addEventListener('unhandledrejection', ({ reason }) => noteThrown(String(reason)));
  });
  await page.goto(url);
  return { page, said, thrown, close: () => context.close() };
}

/** A promise and what settles it. */
export function deferred() {
  let settle;
  const promise = new Promise((resolve) => (settle = resolve));
  return { promise, resolve: settle };
}
