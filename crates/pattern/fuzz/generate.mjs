// Regular expressions put together from their parts, right or wrong, but none for which JavaScript takes for
// ever, as backtracking does: few parts are repeated without end, and a group only if there is one way to
// match it, or if the text is short.

/**
 * Parts of a pattern that may be repeated without end: with each, matching takes as many times longer as the
 * subject is long.
 */
const ENDLESS = 2;

/** How deep groups are in groups. */
const DEPTH = 2;

const CLASSES = [
  '\\d',
  '\\D',
  '\\w',
  '\\W',
  '\\s',
  '\\S',
  '.',
  '[^]',
  '[a-c]',
  '[^a-c]',
  '[\\w-]',
  '[\\d.]',
  '[^\\s]',
  '[A-Za-z]',
  '[à-ÿ]',
  '[\\u{61}]',
  '[\\]]',
  '[\\-x]',
  '[.-0]',
];
const LETTERS = [
  'a',
  'b',
  'A',
  '1',
  '2',
  '-',
  ' ',
  'é',
  'Σ',
  '😀',
  '\ud83d',
  '\\.',
  '\\-',
  '\\/',
  '\\ud83d',
  '\\ude00',
  '\\u0061',
  '\\x62',
  '\\u{62}',
  '\\u{2}',
  '\\t',
  '\\n',
  '\\0',
  '\\e',
  '/',
  '}',
  ']',
  '{',
  ',',
  '\\cJ',
  '\\u00e9',
  '\\u12',
  '\\_',
];
const EDGES = ['^', '$', '\\b', '\\B'];
const WITHOUT_END = ['*', '+', '*?', '+?', '{1,}?', '{0,}'];
const WITH_END = ['?', '{2}', '{0}', '{1,2}', '{0,1}', '??', '{,2}', '{1', '{01}'];
const BACK = ['\\1', '\\2', '\\k<n>', '\\3', '\\10', '\\k'];
const GROUPS = ['(', '(', '(?:', '(?=', '(?!', '(?<=', '(?<!', '(?<n>'];

/**
 * What a repetition in a repetition repeats: of these no text has more than a few in a row, unless it is
 * long.
 */
const RARE = ['a', 'b', 'c', 'A', '-', 'é', '[ab]', '(?:a|ab)', '(?:)', '(?=a)'];

/** A pattern that is likely to be one. */
export function pattern(random, { long } = {}) {
  if (!long && random.chance(0.15))
    return (random.chance(0.5) ? '^' : '') + nested(random, DEPTH) + random.pick(['$', '!', 'c', '']);
  const left = { endless: ENDLESS };
  const parts = times(random.between(1, 4), () => part(random, DEPTH, left));
  // Two groups of one name, each in an alternative of its own, are a pattern for some engines and none for
  // others.
  const once = parts
    .join('')
    .replace(/\(\?<n>/g, (group, at, all) => (all.indexOf(group) < at ? '(' : group));
  return (random.chance(0.25) ? '^' : '') + once + (random.chance(0.25) ? '$' : '');
}

const times = (count, of) => Array.from({ length: count }, of);

function part(random, depth, left, isRepeated = false) {
  if (random.chance(0.08)) return random.pick(EDGES);
  if (random.chance(0.05)) return random.pick(BACK);
  const isEndless = !isRepeated && left.endless > 0 && random.chance(0.15);
  left.endless -= isEndless;
  const count = isEndless ? random.pick(WITHOUT_END) : random.chance(0.2) ? random.pick(WITH_END) : '';
  if (!depth || random.chance(0.75)) return atom(random) + count;
  if (isEndless)
    return `${random.pick(GROUPS)}${times(random.between(1, 2), () => atom(random)).join('')})${count}`;
  return group(random, depth - 1, left, isRepeated || count !== '') + count;
}

const atom = (random) => random.pick(random.chance(0.4) ? CLASSES : LETTERS);

function group(random, depth, left, isRepeated) {
  const either = times(random.between(1, 2), () =>
    times(random.between(1, 2), () => part(random, depth, left, isRepeated)).join(''),
  );
  return `${random.pick(GROUPS)}${either.join('|')})`;
}

/** A repetition of repetitions. */
function nested(random, depth) {
  const inner = () => (depth && random.chance(0.7) ? nested(random, depth - 1) : random.pick(RARE));
  const [glue, count] = [random.pick(['', '|']), random.pick(random.chance(0.6) ? WITHOUT_END : WITH_END)];
  return `${random.pick(['(', '(?:'])}${times(random.between(1, 2), inner).join(glue)})${count}`;
}

/** A pattern that a text meets, more or less: the text, with some of its letters said in another way. */
export function patternFor(random, text) {
  const letters = Array.from(text.slice(0, 40), (letter) => respelled(random, letter));
  const start = random.chance(0.4) ? '^' : '';
  const end = random.chance(0.4) && text.length <= 40 ? '$' : '';
  return start + (start || end ? letters : piece(random, letters)).join('') + end;
}

const piece = (random, letters) =>
  letters.slice(random.below(letters.length || 1)).slice(0, random.between(1, 6));

function respelled(random, letter) {
  const plain = letter.replace(/[\\^$.*+?()[\]{}|]/, '\\$&');
  if (random.chance(0.75)) return plain;
  if (letter.length > 1)
    return random.pick(['.', '..', plain, `[${plain}]+`, escaped(letter), `[${escaped(letter)}]{2}`]);
  const ways = [
    '.',
    `[${plain}]`,
    `(${plain})`,
    `(?:${plain}){1,2}`,
    `${plain}?`,
    `(?=${plain})${plain}`,
    '[^\\n]',
    escaped(letter),
  ];
  if (letter < '\u0100') ways.push(`\\x${escaped(letter).slice(-2)}`, `[\\x00-${plain}]`);
  return random.pick(ways);
}

/** A text by the numbers of its code units. JSON and patterns say them in the same way. */
export const escaped = (text) =>
  times(text.length, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join('');
