// The page's requests: they really go to the server, are numbered, and are answered when the script says.
(() => {
  const { fetch } = globalThis;
  const { turn, at } = stage.time;

  const travelling = new Set();
  const held = new Map();
  const aborted = {};
  let sent = 0;
  let lastTravel = Promise.resolve();

  /**
   * The page's `fetch`: the server is asked really and at once. Answers arrive in the order of the requests,
   * each in a turn of its own, whichever the server was quicker with; but for those that the script delays or
   * holds back.
   */
  globalThis.fetch = (input, init = {}) => {
    const id = ++sent;
    const { signal, ...rest } = init;
    const headers = new Headers(init.headers);
    headers.set('x-stage', [stage.number, id, at()].join(' '));
    const before = lastTravel;
    const travel = fetch(reachable(input, headers), { ...rest, headers }).then(received);
    const inTurn = travel
      .then(
        () => before,
        () => before,
      )
      .then(turn);
    track((lastTravel = inTurn));
    const broken = new Promise((_, reject) => {
      const abort = () => {
        aborted[id] = at();
        reject(new DOMException('The user aborted a request.', 'AbortError'));
      };
      if (signal?.aborted) abort();
      signal?.addEventListener('abort', abort);
    });
    return Promise.race([inTurn.then(() => travel).then(arrive), broken]);
  };

  /** Where a script has other hosts answer too, the one server does, and is told which host was meant. */
  function reachable(input, headers) {
    const { origin, host, pathname, search } = new URL(input, location.href);
    if (!stage.elsewhere || origin === location.origin) return input;
    headers.set('x-host', host);
    return pathname + search;
  }

  function track(travel) {
    const over = travel.then(() => travelling.delete(over));
    travelling.add(over);
  }

  async function received(response) {
    const body = await response.text();
    const { status, headers } = response;
    const copy = new Response([204, 304].includes(status) ? null : body, { status, headers });
    copy.text = async () => body;
    copy.json = async () => JSON.parse(body);
    return copy;
  }

  async function arrive(response) {
    const [after, hold] = ['x-after', 'x-hold'].map((name) => response.headers.get(name));
    if (after) await new Promise((resolve) => setTimeout(resolve, Number(after)));
    if (hold) await new Promise((resolve) => held.set(hold, [...(held.get(hold) ?? []), resolve]));
    return response;
  }

  /** Lets promises run until no request is on its way and nobody has anything to do at this time. */
  async function next() {
    for (;;) {
      for (let quiet = 0; quiet < 3; quiet++) await turn();
      if (!travelling.size) return;
      await Promise.race(travelling);
    }
  }

  stage.requests = {
    next,
    /** When requests were broken off, by number. */
    aborted,
    /** Changes what the server answers from now on. */
    answers: (answers) => fetch('/stage/answers', { method: 'POST', body: JSON.stringify(answers) }),
    /** Lets the answers arrive that were held back under this name. */
    async release(name) {
      await next();
      (held.get(name) ?? []).forEach((resolve) => resolve());
      held.delete(name);
      await next();
    },
  };
})();
