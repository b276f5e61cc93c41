// Conditions: a property, an operator that suits what is there, and values of which every second condition is
// to be met by one.

import { pattern, patternFor } from '../../crates/pattern/fuzz/generate.mjs';
import { Literal } from './json-text.mjs';
import { BROKEN, LISTS, NUMBERS, PATTERNS, VERSIONS } from './pool.mjs';
import { name, number, string } from './user.mjs';

const NUMERIC = ['less', 'less or equal', 'greater', 'greater or equal'];
const VERSION = ['version less', 'version less or equal', 'version greater', 'version greater or equal'];
const SETS = [
  'set is',
  'set is not',
  'set contains',
  'set does not contain',
  'set contains any',
  'set does not contain any',
];
const REGEX = ['regex match', 'regex does not match'];
const EQUAL = ['is', 'is not'];
const CONTAIN = ['contains', 'does not contain'];

/** The operators of `src/segment/operator.rs`. */
export const OPERATORS = [...EQUAL, ...CONTAIN, ...NUMERIC, ...VERSION, ...SETS, ...REGEX];

/** What is no operator, though some of it looks like one. */
export const UNKNOWN = ['glob', '', 'Is', 'set', 'version equal', 'constructor', 'toString', '__proto__'];

/** Patterns that are about as long as some builds take, or for subjects that are. */
const LONG = [
  'a$',
  'b$',
  '^a',
  '😀$',
  '\\ude00$',
  '^[^b]*$',
  'a{1024}',
  '(?:a|b){1025}',
  'a|'.repeat(512),
  `${'a|'.repeat(512)}b`,
  `^${'a'.repeat(1023)}`,
  `${'é'.repeat(600)}|a`,
];

/** The value that stands for a property that is not there. */
const NONE = '(none)';

export function condition(random, pair) {
  const property = random.chance(0.9)
    ? random.pick(pair.properties)
    : { path: nowhere(random, pair), value: undefined };
  const texts = (property.texts ??= textsOf(property.value));
  const op = operator(random, pair, property.value);
  const values = Array.from({ length: random.pick([0, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3]) }, () =>
    valueFor(random, pair, op, texts),
  );
  if (random.chance(property.value == null ? 0.5 : 0.04)) values.push(NONE);
  return written(
    random,
    pair,
    selector(random, pair, property.path),
    op,
    setValues(random, op, texts) ?? values,
  );
}

/** For an operator of sets, at times what is there: all of it, or some. */
function setValues(random, op, texts) {
  if (!SETS.includes(op) || random.chance(0.5)) return undefined;
  if (op.startsWith('set is') && random.chance(0.7)) return random.shuffled(texts);
  return random.some([...texts, ...texts.slice(0, 1)], random.pick([texts.length, 1, 2]));
}

/** A field that is not there, or holds nothing, at times. */
function written(random, { mood }, path, op, values) {
  const entries = [
    ['selector', path],
    ['op', op],
    ['values', values],
  ];
  if (mood.odd && random.chance(0.1)) entries.splice(random.below(2), 1);
  if (mood.odd && random.chance(0.1)) entries[random.below(2)][1] = null;
  if (mood.doubled && random.chance(0.1)) entries.unshift(random.pick(entries));
  return entries;
}

function operator(random, { mood }, value) {
  if (random.chance(0.02)) return random.pick(UNKNOWN);
  if (mood.long) return random.pick([...REGEX, ...CONTAIN, ...EQUAL]);
  if (random.chance(0.2))
    return random.pick(random.chance(0.5) ? OPERATORS : OPERATORS.filter((one) => !SETS.includes(one)));
  if (Array.isArray(value)) return random.pick(random.chance(0.7) ? SETS : OPERATORS);
  const text = textOf(value);
  if (text.startsWith('[')) return random.pick(SETS);
  const suited = [EQUAL, CONTAIN, REGEX];
  if (value != null && /^\W*\d|Inf/.test(text)) suited.push(NUMERIC, NUMERIC, VERSION);
  if (/^\d+\./.test(text)) suited.push(VERSION, VERSION);
  return random.pick(random.pick(suited));
}

/** What conditions compare: the text of a value, or those of its items. */
function textsOf(value) {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.map(textOf).filter(Boolean);
  const text = textOf(value);
  if (text[0] !== '[') return [text];
  try {
    return textsOf(JSON.parse(text));
  } catch {
    return [text];
  }
}

/** What is compared or hashed of a value. */
export const textOf = (value) =>
  value === undefined || value === null
    ? ''
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value);

function valueFor(random, pair, op, texts) {
  if (pair.mood.unlike && random.chance(0.2))
    return random.pick([true, false, number(random, pair), new Literal('12')]);
  if (REGEX.includes(op)) return patternValue(random, pair, texts);
  const near = texts.length && random.chance(0.6) ? random.pick(texts) : undefined;
  if (near === undefined) return random.chance(0.4) ? random.pick(kindOf(op, pair)) : string(random, pair);
  if (CONTAIN.includes(op)) return piece(random, near);
  if (NUMERIC.includes(op)) return neighbour(random, near);
  if (VERSION.includes(op) && random.chance(0.6)) return release(random, near);
  return random.chance(0.1) ? flipped(near) : near;
}

function kindOf(op, { words }) {
  if (NUMERIC.includes(op)) return NUMBERS;
  if (VERSION.includes(op)) return VERSIONS;
  return SETS.includes(op) ? LISTS : words;
}

function patternValue(random, { mood }, texts) {
  if (mood.long && random.chance(0.5)) return random.pick(LONG);
  if (mood.broken && random.chance(0.3)) return random.pick(BROKEN);
  if (mood.long || random.chance(0.4)) return random.pick(PATTERNS);
  return texts.length && random.chance(0.6) ? patternFor(random, random.pick(texts)) : pattern(random, mood);
}

/** A number that is equal, or next to it, on either side. */
function neighbour(random, text) {
  const number = Number(text) + random.pick([0, 1, -1, 0.5, -0.5, 1e6, -1e6]);
  return random.pick([String(number), `${number} `, number.toExponential()]);
}

/** A version next to another, or the same one written in another way. */
function release(random, text) {
  const [, start, patch] = /^(\d+\.\d+)(?:\.(\d+))?/.exec(text) ?? [];
  if (!start) return text;
  return random.pick([
    start,
    `${start}.0`,
    `${start}.1`,
    `${start}.0-a`,
    `0${text}`,
    `${text}-a`,
    `${text}.0`,
    `${start}.${Number(patch ?? 0) + 1}`,
    `${start}0`,
  ]);
}

/** A part of a text, perhaps in another case. */
function piece(random, text) {
  const start = random.below(text.length + 1);
  const part = text.slice(start, start + random.between(0, 4));
  return random.chance(0.3) ? flipped(part) : part;
}

const flipped = (text) => (text === text.toLowerCase() ? text.toUpperCase() : text.toLowerCase());

/** A path that leads nowhere, or to what nobody put there. */
function nowhere(random, pair) {
  const { path } = random.pick(pair.properties);
  const missing = name(random, pair);
  return random.pick([
    [missing],
    ['context', missing],
    ['context', 'user', missing],
    ['context', 'user', 'user_properties', missing],
    ['context', 'user', 'group_properties'],
    ['context', 'groups', missing],
    ['context', 'page'],
    ['result', missing],
    [...path, missing],
  ]);
}

/** A selector as it is written. */
export function selector(random, { mood }, path) {
  if (!mood.odd || random.chance(0.85)) return path;
  const at = random.below(path.length);
  const index = path.findIndex((step) => /^\d{1,3}$/.test(step));
  return random.pick([
    null,
    [],
    ['context'],
    ['result'],
    index < 0 ? path : path.with(index, new Literal(String(Number(path[index])))),
    path.with(
      at,
      random.pick([
        null,
        false,
        true,
        '',
        new Literal('0'),
        new Literal('-0'),
        new Literal('1'),
        new Literal('1.0'),
        new Literal('1e0'),
      ]),
    ),
  ]);
}
