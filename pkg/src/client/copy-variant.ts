// Copies of variants, so that changes by a page stay in its own object.

import type { Variant } from '../api/variant.js';

/** How deep values are copied: as deep as the core reads them. */
const DEPTH = 64;

/** A copy of a variant that was read from JSON. Values inside the metadata are shared. */
export function copyVariant(variant: Variant): Variant {
  const { metadata, payload } = variant;
  const copy = { ...variant };
  if (metadata) copy.metadata = { ...metadata };
  if (payload) copy.payload = deepCopy(payload);
  return copy;
}

/** Deeper values are shared. */
function deepCopy(value: any, depth = 0): any {
  if (!value || typeof value !== 'object' || depth > DEPTH) return value;
  if (Array.isArray(value)) return value.map((item) => deepCopy(item, depth + 1));
  const copy = { ...value };
  for (const name in copy) copy[name] = deepCopy(copy[name], depth + 1);
  return copy;
}
