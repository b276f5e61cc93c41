// A script: what a server answers, what a page does with a client, and where the two clients are meant to
// differ.
//
// A page's function runs in the page: it sees what `page/script.js` gives it and nothing of the file it
// stands in. `given` carries data over.

/**
 * The deployment key of every script that does not say otherwise. Its last six characters and its first ten
 * are in storage keys.
 */
export const KEY = 'key-0123456789-abcdef';

/** The storage key of a default client's variants. */
export const STORE = 'amp-exp-$default_instance-abcdef';

const WHAT = ['returned', 'tracked', 'sent', 'stored'];

/**
 * `play`: a page's function, or several: one page after another, each a function or `{ url?, by?, inNewTab?,
 * linked?, play }`. `by` is the client that page has when it is not the one under test: `reference`. A page
 * that is `linked` is led to by the one before.
 *
 * Options: `answers` by `vardata`, `flags` and `events` (see `answers.mjs`), `local`, `session` and `cookies`
 * the first page starts with, `navigator` (properties it has from the start), `key`, `given`, `analytics`
 * (the page has the analytics SDK), `elsewhere` (other hosts answer too), `exact` (names of `ALLOWED` that
 * are compared here all the same), and `differs`: a list of `{ what, at?, as?, only?, reference, ours, why
 * }`. `at` is the path of the part that differs, by default all of `what`; `as` reduces that part to what
 * `reference` and `ours` say of it; `only` names the browser in which alone they differ.
 */
export function script(name, options, play = options) {
  const { differs = [], ...rest } = play === options ? {} : options;
  const pages = [play].flat().map((page) => (typeof page === 'function' ? { play: page } : page));
  for (const { what, why } of [differs].flat())
    if (!WHAT.includes(what) || !why) throw new Error(`${name}: a difference says what differs, and why`);
  return { name, pages, differs: [differs].flat(), ...rest };
}
