// Turns what a page hands in into JSON text, and never throws: a part that JSON cannot hold is left out, the rest goes through.

import { attempt } from './safe-call.js';

/** How deep a value is taken apart to save its good parts: user -> user_properties -> property -> element. */
const DEPTH = 4;

/** Hears of a part that was left out: where it stood, and why. */
export type Lost = (field: string, cause: unknown) => void;

/** The JSON text of `value`, or `undefined` when nothing of it can be written. `field` is its name for `lost`. */
export function toText(value: unknown, lost: Lost, field = '', above: unknown[] = []): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (typeof value === 'object' && above.length < DEPTH && !above.includes(value)) return inParts(value as object, lost, field, above, error);
    lost(field, error);
  }
}

function inParts(value: object, lost: Lost, field: string, above: unknown[], error: unknown): string {
  const list = Array.isArray(value);
  const parts: string[] = [];
  let isBlamed = false;
  const blame: Lost = (...part) => {
    isBlamed = true;
    lost(...part);
  };
  for (const name of attempt(() => Object.keys(value)) ?? []) {
    const inner = `${field}.${name}`;
    try {
      const text = toText((value as any)[name], blame, inner, [...above, value]);
      if (text) parts.push(list ? text : `${JSON.stringify(name)}:${text}`);
    } catch (thrown) {
      blame(inner, thrown);
    }
  }
  // Each part by itself is one that can be written.
  if (!isBlamed) lost(field, error);
  return list ? `[${parts}]` : `{${parts}}`;
}

/** The entries that can be read: a getter that throws hides only itself. */
export function entriesOf(value: unknown): Array<[string, unknown]> {
  const entries: Array<[string, unknown]> = [];
  try {
    for (const name of Object.keys(value as object)) entries.push([name, attempt(() => (value as Record<string, unknown>)[name])]);
  } catch {
    // null, undefined, or a proxy that does not want to be looked at.
  }
  return entries;
}
