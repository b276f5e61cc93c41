// What is wrong with flags, and which of them must therefore be left out: the shapes that the README of the
// vectors speaks of, said once more, so that the reader in `src/segment/wire.rs` is not its own judge.

import { Fields, isNumber, isString, read } from './json-text.mjs';
import { flagNodes } from './reference.mjs';

const isList = (of) => (node) => Array.isArray(node) && node.every(of);
const isNull = (node) => node === null;
const anyOf =
  (...kinds) =>
  (node) =>
    kinds.some((is) => is(node));
const isBoolean = (node) => typeof node === 'boolean';
const isScalar = anyOf(isString, isNumber, isBoolean);

/**
 * An object that has the fields which are required, and whose fields, each time they come, are what they
 * should be.
 */
const isObject = (required, kinds) => (node) =>
  node instanceof Fields &&
  required.every((name) => node.all(name).length) &&
  node.entries.every(([name, value]) => !Object.hasOwn(kinds, name) || kinds[name](value));

const isRange = (node) => isList(isNumber)(node) && node.length >= 2;
const isVariantName = anyOf(isString, isNull);
const isSelector = anyOf(isNull, isList(anyOf(isScalar, isNull)));
const isCondition = isObject(['values'], { values: isList(isScalar), selector: isSelector });
const isDistribution = isObject(['range'], { range: isRange, variant: isVariantName });
const isAllocation = isObject(['range', 'distributions'], {
  range: isRange,
  distributions: isList(isDistribution),
});
const isBucket = isObject(['salt', 'allocations'], {
  salt: isScalar,
  allocations: isList(isAllocation),
  selector: isSelector,
});
const isSegment = isObject([], {
  conditions: anyOf(isNull, isList(isList(isCondition))),
  bucket: anyOf(isNull, isBucket),
  variant: isVariantName,
});
const isVariant = (node) => isNull(node) || node instanceof Fields;
const isVariants = (node) =>
  isNull(node) || (node instanceof Fields && node.entries.every(([, variant]) => isVariant(variant)));

/** Whether a flag is understood. */
export const isUnderstood = isObject(['key', 'segments'], {
  key: isString,
  segments: isList(isSegment),
  variants: isVariants,
  dependencies: anyOf(isNull, isList(isString)),
});

/** The keys of the flags that depend on themselves, among flags as they are read. */
export function cyclic(flags) {
  const byKey = new Map(flags.map((flag) => [flag.key, flag]));
  const reaches = (goal, from, seen = new Set()) =>
    (byKey.get(from)?.dependencies ?? []).some(
      (key) => key === goal || (!seen.has(key) && reaches(goal, key, seen.add(key))),
    );
  return [...byKey.keys()].filter((key) => reaches(key, key));
}

/**
 * Keys in the order in which flags are evaluated, each after those its flag depends on, be they in a cycle or
 * not.
 */
export function ordered(flags, keys) {
  const byKey = new Map(flags.map((flag) => [flag.key, flag]));
  const seen = new Set();
  const visit = (key) => {
    if (!byKey.has(key) || seen.has(key)) return [];
    seen.add(key);
    return [...(byKey.get(key).dependencies ?? []).flatMap(visit), key];
  };
  return (keys ?? [...byKey.keys()]).flatMap(visit);
}

/** The patterns of a flag. */
function patterns(flag) {
  const segments = flag.all('segments').flat();
  const conditions = segments
    .flatMap((segment) => segment.all('conditions'))
    .filter(Boolean)
    .flat(2);
  return conditions
    .filter(isPattern)
    .flatMap((condition) => condition.last('values').map((value) => String(read(value))));
}

function isPattern(condition) {
  const op = condition.last('op') ?? null;
  return isString(op) && ['regex match', 'regex does not match'].includes(read(op));
}

/**
 * What must be said about the flags of a question, by their keys. `compiles` says whether a pattern is one.
 */
export function faults({ tree }, compiles) {
  const faults = [];
  const understood = [];
  for (const node of flagNodes(tree)) {
    if (isUnderstood(node)) {
      understood.push(node);
      const isBroken = patterns(node).some((pattern) => !compiles(pattern));
      if (isBroken) faults.push([read(node.last('key')), 'PATTERN']);
    } else {
      const key = node instanceof Fields ? (node.last('key') ?? null) : null;
      faults.push([isString(key) ? read(key) : '', 'SHAPE']);
    }
  }
  const flags = understood.map((node) => ({
    key: read(node.last('key')),
    dependencies: read(node.last('dependencies') ?? null),
  }));
  return new Map([...faults, ...cyclic(flags).map((key) => [key, 'CYCLE'])]);
}
