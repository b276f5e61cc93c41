// Turns what a page hands in into JSON text, and never throws: a part that JSON cannot hold is left out, the rest goes through.

import { attempt } from './attempt.js';
import type { Variant } from './variant.js';

/** How deep a value is taken apart to save its good parts: user -> user_properties -> property -> element. */
const DEPTH = 4;

/** How deep values are copied: as deep as the core looks into them. */
const COPIED = 64;

/** The JSON text of `value`, or `undefined` when nothing of it can be written. `lost` hears of parts that were left out. */
export function toText(value: unknown, lost: (error: unknown) => void, depth = 0): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!depth) lost(error);
    return typeof value === 'object' && depth < DEPTH ? inParts(value as object, lost, depth + 1) : undefined;
  }
}

function inParts(value: object, lost: (error: unknown) => void, depth: number): string | undefined {
  const list = Array.isArray(value);
  const parts: string[] = [];
  for (const [name, part] of entriesOf(value)) {
    const text = toText(part, lost, depth);
    if (text) parts.push(list ? text : `${JSON.stringify(name)}:${text}`);
  }
  return list ? `[${parts}]` : `{${parts}}`;
}

/** A copy of a variant that was read from JSON: what a page does with it is its own affair. What metadata nests is shared. */
export function copied(variant: Variant): Variant {
  const { metadata, payload } = variant;
  const copy = { ...variant };
  if (metadata) copy.metadata = { ...metadata };
  if (payload) copy.payload = deepCopy(payload);
  return copy;
}

/** What is nested deeper than the core looks is shared. */
function deepCopy(value: any, depth = 0): any {
  if (!value || typeof value !== 'object' || depth > COPIED) return value;
  if (Array.isArray(value)) return value.map((item) => deepCopy(item, depth + 1));
  const copy = { ...value };
  for (const name in copy) copy[name] = deepCopy(copy[name], depth + 1);
  return copy;
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
