// Compares the records of two clients: what must differ is made equal first, what is meant to differ is
// checked, and the rest has to be the same.
import { isDeepStrictEqual } from 'node:util';
import { NORMALIZERS } from './normalize.mjs';

const WHAT = ['returned', 'tracked', 'sent', 'stored'];
const LINES = 40;

/**
 * What is wrong with a pair of records, line by line; nothing when they compare equal but for the script's
 * intended differences.
 */
export function compare({ differs, exact }, given) {
  const records = Object.fromEntries(
    Object.entries(given).map(([name, record]) => [name, allowed(record, exact)]),
  );
  const complaints = [...thrown(records), ...differs.flatMap((intended) => judge(intended, records))];
  const lines = WHAT.flatMap((what) => differences(records.reference[what], records.ours[what], [what]));
  return [
    ...complaints,
    ...lines.slice(0, LINES),
    ...(lines.length > LINES ? [`… and ${lines.length - LINES} more`] : []),
  ];
}

function allowed(record, exact = []) {
  const applied = Object.entries(NORMALIZERS).filter(([name]) => !exact.includes(name));
  return applied.reduce((kept, [, { apply }]) => apply(kept), structuredClone(record));
}

/** A page that breaks off proves nothing, even if it does so with both. */
function thrown(records) {
  return Object.entries(records).flatMap(([name, { threw }]) =>
    threw.map((error) => `the page broke off with ${name}: ${error}`),
  );
}

/** Whether a difference is there and as it is meant to be; then it is taken out of both records. */
function judge({ what, at = [], as = (part) => part, reference, ours }, records) {
  const path = [what, ...at];
  const expected = { reference, ours };
  const seen = Object.fromEntries(
    Object.keys(expected).map((name) => [name, as(partAt(records[name], path))]),
  );
  for (const name of Object.keys(expected)) replaceAt(records[name], path, '(intended difference)');
  if (isDeepStrictEqual(seen.reference, seen.ours))
    return [`${written(path)}: the intended difference is gone, both: ${shown(seen.ours)}`];
  return Object.keys(expected)
    .filter((name) => !isDeepStrictEqual(seen[name], expected[name]))
    .map(
      (name) =>
        `${written(path)}: ${name} was meant to be ${shown(expected[name])}, and is ${shown(seen[name])}`,
    );
}

function partAt(record, path) {
  return path.reduce((part, step) => part?.[step], record);
}

function replaceAt(record, path, marker) {
  const holder = partAt(record, path.slice(0, -1));
  if (holder && typeof holder === 'object')
    Object.defineProperty(holder, path.at(-1), {
      value: marker,
      enumerable: true,
      writable: true,
      configurable: true,
    });
}

/** Where two values differ, one line each. */
export function differences(reference, ours, path) {
  if (isDeepStrictEqual(reference, ours)) return [];
  if (!isBranch(reference) || !isBranch(ours) || Array.isArray(reference) !== Array.isArray(ours))
    return [`${written(path)}: reference ${shown(reference)}, ours ${shown(ours)}`];
  const keys = new Set([...Object.keys(reference), ...Object.keys(ours)]);
  const own = (value, key) => (Object.hasOwn(value, key) ? value[key] : undefined);
  return [...keys].flatMap((key) => differences(own(reference, key), own(ours, key), [...path, key]));
}

function isBranch(value) {
  return typeof value === 'object' && value !== null;
}

function written([first, ...rest]) {
  return (
    first +
    rest
      .map((step) =>
        /^[a-z_]\w*$/i.test(step)
          ? `.${step}`
          : `[${JSON.stringify(/^\d+$/.test(step) ? Number(step) : step)}]`,
      )
      .join('')
  );
}

function shown(value) {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 600 ? `${text.slice(0, 600)}…` : text;
}
