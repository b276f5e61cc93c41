// Answers of a server, as plain data: a script writes it down here, or changes it from within its page.
//
// Anything without `$` is a body, sent as JSON with status 200.

/** An answer with another status. */
export const status = (code, body = '', headers = {}) => ({ $: { code, body, headers } });

/** A body that is sent as it is, JSON or not. */
export const text = (body) => ({ $: { body } });

/** An answer that arrives `millis` later, by the page's clock. */
export const after = (millis, body) => ({ $: { ...partsOf(body), after: millis } });

/** An answer that arrives when the page calls `server.release(name)`; many may wait under one name. */
export const held = (name, body) => ({ $: { ...partsOf(body), hold: name } });

/** No answer: the connection breaks. */
export const lost = { $: { lost: true } };

/** One answer after another; the last one for ever. */
export const inTurn = (...turns) => ({ $turns: turns });

/** By the `user_id` that asks; nobody in particular is `''`. */
export const byUser = (users) => ({ $users: users });

function partsOf(answer) {
  return answer?.$ ?? { body: answer };
}

/** The answer for a request; `turn` counts requests to the same path from zero. */
export function choose(answer, { user, turn }) {
  if (answer?.$turns) return choose(answer.$turns[Math.min(turn, answer.$turns.length - 1)], { user, turn });
  if (answer?.$users) return choose(answer.$users[user ?? ''] ?? {}, { user, turn });
  const { code = 200, body, headers = {}, after, hold, lost } = partsOf(answer);
  const all = {
    ...headers,
    ...(after !== undefined && { 'x-after': `${after}` }),
    ...(hold && { 'x-hold': hold }),
  };
  return { code, headers: all, lost, body: typeof body === 'string' ? body : JSON.stringify(body) };
}
