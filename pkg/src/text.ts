// Turns what a page hands in into JSON text, and never throws: a part that JSON cannot hold is left out, the rest goes through.

/** How deep a value is taken apart to save its good parts: user -> user_properties -> property -> element. */
const DEPTH = 4;

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

/** The entries that can be read: a getter that throws hides only itself. */
export function entriesOf(value: unknown): Array<[string, unknown]> {
  const entries: Array<[string, unknown]> = [];
  try {
    for (const name of Object.keys(value as object)) entries.push([name, read(value, name)]);
  } catch {
    // null, undefined, or a proxy that does not want to be looked at.
  }
  return entries;
}

function read(value: unknown, name: string): unknown {
  try {
    return (value as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}
