// The one server of all scripts: it serves each run its page, answers what the run's script says, and writes
// down what it was asked.
//
// Runs are told apart by the header `x-run`, which the browser adds to everything a run's page asks for, so
// that all of them live at one origin and their addresses compare equal.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { choose } from './answers.mjs';

/** The paths a script answers, by the name it gives them. */
const PATHS = { '/sdk/v2/vardata': 'vardata', '/sdk/v2/flags': 'flags', '/2/httpapi': 'events' };

/** What a page is made of before its client comes, in this order. */
const PAGE = ['time', 'requests', 'script'];

/** What every request has and no client chooses. */
const ORDINARY =
  /^(?:host|connection|user-agent|accept|accept-.*|referer|origin|sec-.*|pragma|cache-control|content-length|cookie|x-run|x-stage|x-host)$/;

/** `code` by name: the clients, and the analytics SDK. `port` is taken if it is free, else another. */
export async function serve(code, port = 0) {
  const runs = new Map();
  const files = {
    ...code,
    ...Object.fromEntries(
      PAGE.map((name) => [name, readFileSync(new URL(`page/${name}.js`, import.meta.url))]),
    ),
  };
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const url = new URL(request.url, 'http://127.0.0.1');
    const run = runs.get(request.headers['x-run']);
    send(response, file(files, url) ?? answer(run, url, request, Buffer.concat(chunks).toString()));
  });
  server.once('error', () => server.listen(0, '127.0.0.1'));
  server.listen(port, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    /** A run: `{ script, client, key, page, now }`. What it sends is collected in `run.sent`. */
    begin(id, run) {
      runs.set(
        id,
        Object.assign(run, {
          sent: [],
          turns: {},
          answers: { vardata: {}, flags: [], events: { code: 200 }, ...run.script.answers },
        }),
      );
    },
    end: (id) => runs.delete(id),
    close: () => server.close() && server.closeAllConnections(),
  };
}

function send(response, { code = 200, headers = {}, body, lost }) {
  response.writeHead(code, { 'cache-control': 'no-store', ...headers, ...(lost && { 'content-length': 9 }) });
  // Broken off within the body: a connection that ends before is tried again by the browser itself.
  if (lost) response.write(' ', () => response.destroy());
  else response.end(body);
}

/** Code is the same in every run, so browsers may keep it. */
function file(files, { pathname }) {
  const [, name] = /^\/stage\/(\w+)\.js$/.exec(pathname) ?? [];
  return (
    files[name] && {
      headers: { 'content-type': 'text/javascript', 'cache-control': 'max-age=3600' },
      body: files[name],
    }
  );
}

function answer(run, url, request, body) {
  if (!run) return { code: 404, body: '' };
  if (url.pathname === '/stage/answers') return Object.assign(run.answers, JSON.parse(body)) && { body: '' };
  const isPage = !PATHS[url.pathname] && !request.headers['x-stage'];
  return isPage
    ? { headers: { 'content-type': 'text/html; charset=utf-8' }, body: document(run) }
    : scripted(run, url, request, body);
}

function document({ now, page, script, client, key }) {
  const { local = {}, session = {} } = page ? {} : script;
  const { elsewhere = false, navigator = {} } = script;
  const json = (value) => JSON.stringify(value ?? null).replaceAll('<', '\\u003c');
  return `<!doctype html><title>page</title><link rel="icon" href="data:,">
<script>globalThis.stage = ${json({ now, number: page, local, session, elsewhere, navigator })}; stage.done = new Promise((resolve) => (stage.finish = resolve));</script>
${PAGE.map((name) => `<script src="/stage/${name}.js"></script>`).join('')}
<script type="module">
import * as sdk from '/stage/${client}.js';
${script.analytics ? "import * as analytics from '/stage/analytics.js';" : 'const analytics = undefined;'}
stage.run(sdk, analytics, ${json({ given: script.given, key, client })}, ${script.pages[page].play});
</script>`;
}

function scripted(run, url, { method, headers }, body) {
  const path = url.pathname;
  const user = decoded(headers['x-amp-exp-user']);
  const [page, id, at] = (headers['x-stage'] ?? '0 0 0').split(' ').map(Number);
  const host = headers['x-host'];
  run.sent.push({
    page,
    id,
    at,
    method,
    ...(host && { host }),
    path,
    query: url.search,
    ...(body && { body: parsed(body) }),
    ...chosenHeaders(headers, user),
  });
  const name = Object.keys(PATHS).find((end) => path.endsWith(end));
  const turn = (run.turns[name] ??= 0);
  run.turns[name]++;
  return choose(run.answers[PATHS[name]] ?? { $: { code: 404, body: '' } }, { user: user?.user_id, turn });
}

/**
 * The headers a client chose; the user and the flag keys in them decoded, and in which alphabet they came.
 */
function chosenHeaders(headers, user) {
  const { 'x-amp-exp-user': encodedUser, 'x-amp-exp-flag-keys': encodedKeys, ...rest } = headers;
  const encoded = [encodedUser, encodedKeys].filter((text) => text !== undefined);
  return {
    headers: Object.fromEntries(Object.entries(rest).filter(([name]) => !ORDINARY.test(name))),
    ...(encodedUser !== undefined && { user }),
    ...(encodedKeys !== undefined && { flagKeys: decoded(encodedKeys) }),
    ...(encoded.length && { alphabet: encoded.some((text) => /[+/=]/.test(text)) ? 'base64' : 'base64url' }),
  };
}

function decoded(header) {
  return header === undefined ? undefined : parsed(Buffer.from(header, 'base64').toString());
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
