// Users, and the properties in them that a condition can look at.

import { escaped } from '../../crates/pattern/fuzz/generate.mjs';
import { Fields, isNumber, isString, Literal, read } from './json-text.mjs';
import {
  BOOLEANS,
  HALVES,
  INDICES,
  INHERITED,
  LISTS,
  LITERALS,
  NAMES,
  NUMBERS,
  TEXTS,
  VERSIONS,
} from './pool.mjs';

const FIELDS = ['country', 'platform', 'version', 'language', 'device_model'];
const KINDS = [TEXTS, TEXTS, TEXTS, NUMBERS, NUMBERS, VERSIONS, VERSIONS, BOOLEANS, LISTS];

/**
 * Deeper than values are looked into. The text is as `JSON.stringify` writes it, so it is the same whether it
 * was or not.
 */
const TOO_DEEP = 80;

/** The few words of which a pair is made. */
export function words(random) {
  return Array.from({ length: random.between(4, 8) }, () => random.pick(random.pick(KINDS)));
}

/** A name of a property, a flag or a variant, as wild as the mood allows. */
export function name(random, { mood }) {
  if (mood.inherited && random.chance(0.3)) return random.pick(INHERITED);
  if (mood.indices && random.chance(0.3)) return random.pick(INDICES);
  if (mood.halves && random.chance(0.3)) return random.pick(HALVES);
  return random.pick(NAMES);
}

/** A string: a word, at times with its letters escaped though they need not be. */
export function string(random, { mood, words }) {
  if (mood.long && random.chance(0.4)) return long(random);
  const text = random.pick(words);
  return mood.doubled && random.chance(0.2) ? new Literal(`"${escaped(text)}"`) : text;
}

const long = (random) =>
  random.pick(['a', 'ab', '1', '😀']).repeat(random.pick([512, 1023, 1024, 1025])) +
  random.pick(['', 'b', 'a']);

/** The value of a property. */
export function value(random, pair, depth = 2) {
  const kind = random.below(100);
  if (kind < 55) return string(random, pair);
  if (kind < 70) return number(random, pair);
  if (kind < 78) return random.chance(0.5);
  if (kind < 81) return null;
  if (kind < 83) return random.pick(LISTS);
  if (pair.mood.deep && kind < 88) return deep(random);
  if (!depth) return string(random, pair);
  if (kind < 94) return Array.from({ length: random.below(4) }, () => value(random, pair, depth - 1));
  return object(random, pair, random.below(4), depth - 1);
}

/** A number. One that is too large for a number is for the wild: a user as an object cannot hold it. */
export function number(random, { mood }) {
  const text = random.pick(LITERALS);
  return new Literal(text.includes('400') && !mood.infinite ? '7' : text);
}

/** An object with so many properties; a name may come twice. */
export function object(random, pair, count, depth = 1) {
  const entries = Array.from({ length: count }, () => [name(random, pair), value(random, pair, depth)]);
  return new Fields(pair.mood.doubled ? entries : [...new Map(entries)]);
}

function deep(random) {
  const [open, close] = random.pick([
    ['[', ']'],
    ['{"a":', '}'],
  ]);
  return new Literal(
    open.repeat(TOO_DEEP) + random.pick(['1', '"a"', 'null', '[]']) + close.repeat(TOO_DEEP),
  );
}

export function user(random, pair) {
  const entries = [];
  const add = (probability, field, of) => random.chance(probability) && entries.push([field, of()]);
  add(0.9, 'user_id', () => string(random, pair));
  add(0.7, 'device_id', () => string(random, pair));
  for (const field of random.some(FIELDS, 2)) entries.push([field, string(random, pair)]);
  add(0.95, 'user_properties', () => object(random, pair, random.between(2, 6), 2));
  add(pair.mood.oddGroups ? 0.9 : 0.3, 'groups', () => groups(random, pair));
  add(pair.mood.oddGroups ? 0.7 : 0.25, 'group_properties', () =>
    groupProperties(random, pair, entries.find(([field]) => field === 'groups')?.[1]),
  );
  add(0.2, name(random, pair), () => value(random, pair));
  return new Fields(pair.mood.doubled ? entries : [...new Map(entries)]);
}

/** What stands in the place of groups where a user is odd. */
const NO_GROUPS = [null, new Fields([]), [], false, true, '', 'ab', ['a', ['b']], new Literal('1')];

function groups(random, pair) {
  const isOdd = (probability) => pair.mood.oddGroups && random.chance(probability);
  if (isOdd(0.2)) return random.pick(NO_GROUPS);
  const names = () => {
    if (isOdd(0.4)) return random.chance(0.5) ? string(random, pair) : value(random, pair, 1);
    return Array.from({ length: random.between(0, 2) }, () => string(random, pair));
  };
  return new Fields(Array.from({ length: random.between(0, 3) }, () => [name(random, pair), names()]));
}

function groupProperties(random, pair, groups) {
  if (!(groups instanceof Fields) || random.chance(0.1)) return object(random, pair, 2, 2);
  return new Fields(
    groups.entries.map(([type, names]) => [
      type,
      propertiesOf(random, pair, Array.isArray(names) ? names[0] : names),
    ]),
  );
}

/** The properties of the groups of one type, of which one has this name. */
function propertiesOf(random, pair, group) {
  const isOdd = () => pair.mood.oddGroups && random.chance(0.2);
  if (isOdd()) return value(random, pair, 1);
  const named = isString(group ?? null) || isNumber(group) ? String(read(group)) : 'a';
  return new Fields([
    [
      random.chance(0.9) ? named : name(random, pair),
      isOdd() ? value(random, pair, 1) : object(random, pair, random.below(3), 1),
    ],
  ]);
}

/** The properties of a user, each with the path to it and what is there. */
export function pathsOf(user, page) {
  const properties = [{ path: ['context', 'user'], value: user }];
  for (const [field, held] of Object.entries(user)) {
    if (field !== 'groups' && field !== 'group_properties')
      walk(properties, ['context', 'user', field], held);
  }
  for (const [kind, names] of Object.entries(user.groups ?? {})) {
    if (!Array.isArray(names) || !names[0]) continue;
    walk(properties, ['context', 'groups', kind, 'group_name'], names[0]);
    walk(
      properties,
      ['context', 'groups', kind, 'group_properties'],
      Object(user.group_properties)[kind]?.[names[0]],
    );
  }
  if (page) properties.push({ path: ['context', 'page', 'url'], value: page });
  return properties;
}

/** Adds a property and, if it holds others, those. */
export function walk(properties, path, value, depth = 3) {
  if (value === undefined) return;
  properties.push({ path, value });
  if (!depth || typeof value !== 'object' || !value) return;
  for (const [name, held] of Object.entries(value)) walk(properties, [...path, name], held, depth - 1);
  if (Array.isArray(value)) properties.push({ path: [...path, 'length'], value: value.length });
}
