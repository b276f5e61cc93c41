// JSON text of values that a page hands in. Nothing here throws: a part that JSON cannot hold is left out,
// and reported.

import { attempt } from './safe-call.js';

/** How deep a value is taken apart to keep its good parts: user -> user_properties -> property -> element. */
const DEPTH = 4;

/**
 * Called for each part that is left out. `field`: its path. `cause`: the exception, or the type of the value.
 */
export type OnUnusable = (field: string, cause: unknown) => void;

/**
 * The JSON text of `value`; `undefined` where no part of it can be written. `field` is its path for
 * `onUnusable`.
 */
export function toJson(
  value: unknown,
  onUnusable: OnUnusable,
  field = '',
  above: unknown[] = [],
): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (typeof value === 'object' && above.length < DEPTH && !above.includes(value))
      return partsToJson(value as object, onUnusable, field, above, error);
    onUnusable(field, error);
  }
}

function partsToJson(
  value: object,
  onUnusable: OnUnusable,
  field: string,
  above: unknown[],
  error: unknown,
): string {
  const list = Array.isArray(value);
  const parts: string[] = [];
  let isReported = false;
  const report: OnUnusable = (...part) => {
    isReported = true;
    onUnusable(...part);
  };
  for (const name of attempt(() => Object.keys(value)) ?? []) {
    const inner = `${field}.${name}`;
    try {
      const text = toJson((value as any)[name], report, inner, [...above, value]);
      if (text) parts.push(list ? text : `${JSON.stringify(name)}:${text}`);
    } catch (thrown) {
      report(inner, thrown);
    }
  }
  // Each part can be written, but the whole cannot.
  if (!isReported) onUnusable(field, error);
  return list ? `[${parts}]` : `{${parts}}`;
}

/** The entries of an object. A getter that throws gives `undefined`. */
export function readableEntries(value: unknown): Array<[string, unknown]> {
  const entries: Array<[string, unknown]> = [];
  try {
    for (const name of Object.keys(value as object))
      entries.push([name, attempt(() => (value as Record<string, unknown>)[name])]);
  } catch {
    // null, undefined, or a proxy that refuses.
  }
  return entries;
}
