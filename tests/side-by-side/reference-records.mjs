// What the reference did with each script, kept in target/side-by-side: half of the work of a run. It is
// played again when anything that decides it has changed: the reference, the script, the page, the server of
// the scripts, the browser.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';

const FOLDER = new URL('../../target/side-by-side/', import.meta.url);

/** What plays scripts, beside the code of the clients. */
const PLAYERS = [
  'answers.mjs',
  'play.mjs',
  'server.mjs',
  ...readdirSync(new URL('page/', import.meta.url)).map((name) => `page/${name}`),
];

/** `code` by name, as `load` answers it; `origin` is of the server that plays, and stands in many records. */
export function referenceRecords(name, version, code, origin) {
  const file = new URL(name, FOLDER);
  const before = read(file);
  const now = new Map();
  const sources = PLAYERS.map((player) => readFileSync(new URL(player, import.meta.url)));
  const common = digest([version, origin, code.reference, code.analytics, ...sources]);
  const keyOf = (script) => digest([common, textOf(script)]);
  return {
    /** What is kept of a script, if it is. */
    get(script) {
      const kept = before.get(keyOf(script));
      if (kept) now.set(keyOf(script), kept);
      return kept;
    },
    keep: (script, record) => void now.set(keyOf(script), record),
    /** Those of this run, and no older ones. */
    write() {
      mkdirSync(FOLDER, { recursive: true });
      writeFileSync(file, serialize(now));
    },
  };
}

function read(file) {
  try {
    return deserialize(readFileSync(file));
  } catch {
    return new Map();
  }
}

function digest(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length} `).update(part);
  return hash.digest('hex');
}

/** A script with what its pages do, and without what is only compared. */
function textOf({ differs, exact, ...script }) {
  return JSON.stringify(script, (_, value) => (typeof value === 'function' ? String(value) : value));
}
