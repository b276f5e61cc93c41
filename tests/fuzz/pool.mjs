// What pairs are made of: few enough words that both sides of a condition often have the same one, and each
// of a kind that some reader of text has got wrong before.

// biome-ignore format: one value a line would be a page
export const TEXTS = [
  'a', 'A', 'b', 'ab', 'abc', 'ABC', 'Norway', 'pro', 'free', '', ' ', '(none)', '(NONE)', 'null',
  'undefined', 'x/y', '"', '\\', '\u0000', '\t', '\u2028', 'é', 'É', 'e\u0301', 'ß', 'ẞ', 'İ', 'ı', 'I', 'i',
  'i\u0307', 'Σ', 'ς', 'σ', 'ΑΣ', 'ας', 'ΑΣ Σ', 'K', 'k', 'ſ', 'ﬁ', 'Ǆ', 'ǅ', 'ა', 'Ა', '𐐀', '𐐨', '😀',
  '😁', 'a😀', '\ud83d', '\ude00', 'a\ud83d', '\ude00b', '\ud83d\ud83d\ude00', '\ude00\ud83d', '\uffff',
  '\ufffd', '\u{10000}', '\u{10ffff}', '\ue000', 'Σ\ud83d', '[object Object]', '{}', '{"a":1}', '0',
  'constructor', '__proto__', 'toString', 'length',
];

export const BOOLEANS = ['true', 'false', 'TRUE', 'False', 'tRuE', 'FALSE', 'true ', 'truE', 'ﬀalse'];

// biome-ignore format: one value a line would be a page
export const NUMBERS = [
  '0', '-0', '1', '1.0', '01', '1e3', '1E3', '1000', ' 12 ', '12', '\n5\t', '0x10', '0X1f', '16', '0b11',
  '0B2', '0o17', '.5', '5.', '-.5', '+1', '--1', '1_000', '1e400', '-1e400', '1e-400', 'Infinity',
  '-Infinity', '+Infinity', 'infinity', 'NaN', '9007199254740993', '9007199254740992', '0.1',
  '0.30000000000000004', '1,000', '12px', '٣', '\u00a07', '\ufeff8', '\u20039', '\u00857', '\u180e7', '1e21',
  '123456789012345678901234567890', '0x', '0x1g', '-0x10', '1n', '1.7976931348623157e308',
  '1.7976931348623159e308', '5e-324', '2e-324', '-1', '-5.5', '0x20000000000001', '0x20000000000003', '1e',
  'e5', '.', '-', '+', '', ' ', '00', '1.5', '2', '10', '9', '1 2', '1e+3', '1e-3', '1.e3', '.e3', '100',
  '99999999999999999', '0.000001', '0.0000001',
];

/** Numbers as JSON writes them. */
// biome-ignore format: one value a line would be a page
export const LITERALS = [
  '0', '-0', '0.0', '-0.0', '1', '1.0', '-1', '1.5', '1e3', '1E+3', '1e400', '-1e400', '1e21', '1e20', '1e-7',
  '1e-6', '0.1', '9007199254740993', '123456789012345678901234567890', '5e-324', '1e-400', '100', '12',
  '2.50', '1e23', '10', '9', '16', '1000', '0.30000000000000004', '4.35', '1.7976931348623157e308',
  '999999999999999', '1000000000000000', '-5.5', '0e5', '100e-2',
];

// biome-ignore format: one value a line would be a page
export const VERSIONS = [
  '1.2', '1.2.0', '1.2.3', '1.10.0', '1.9', '1.9.9', '01.2.3', '1.2.3-alpha', '1.2.3-alpha.1',
  '1.2.3-alpha..1', '1.2.3-', '1.2.3-beta', '1.2.3--', '1.2.3-a.b.', '1.2.3-.a', '1.2.3-10', '1.2.3-9',
  '1.2.3.4', '1', '1.', '1.2.', 'v1.2.3', '1.2.3 ', '1.2.3\n', '1.2-a', '99999999999999999999.0',
  '99999999999999999999.1', '9007199254740993.0.0', '9007199254740992.0.0', '1.2.99999999999999999999',
  '1.2.3-é', '1.2.3-_', '0.0.0', '0.0', '1.2.3-A', '1.2.3+build', '１.2', '2.0.0', '10.0', '1.2.3-a_b',
  '1.2.3-Z.z', '-1.2', '1.-2', '1.2.0-0', '1.2.3-a.', '1.2.3-a-', '1.2.4', `${'9'.repeat(320)}.0`,
  `1.${'9'.repeat(320)}`, '1.2.3-\ud83d', '000000000000000000000.1',
];

/** Lists as a text, and what is nearly that. */
// biome-ignore format: one value a line would be a page
export const LISTS = [
  '[]', '["a"]', '["a","b"]', '["b","a"]', '["a","a"]', '["A"]', '[1,2]', '[1.0, 2e0]', '[ ]', '[', '[1,]',
  ' ["a"]', '["a"] ', '["a"', '["a"]x', '[1e400]', '[-0]', '["\\ud83d"]', '["\\ud83d\\ude00"]',
  '[{"b":1,"a":2}]', '[{"2":1,"1":2,"01":3}]', '[{"a":1,"b":2,"a":3}]', '[{"1":1,"1":2}]', '[[[]]]',
  '[null,"",false,0]', '[true,"TRUE"]', '["true"]', '["(none)"]', '[0.1,1e21,1E-7]', '["1.2.3","1.9"]',
  '["😀"]', '[{"a":[1e400,-0,1.50]}]', '["a\\u0062"]', '[undefined]', "['a']", '[NaN]', '["a",["b"]]',
  '[[],[1]]', '[object Object]', '[{"__proto__":1}]', '["constructor"]', '[0x10]', '[01]', '["\t"]',
  '[{"4294967295":1,"4294967294":2,"x":3,"0":4}]', '[-1e-7]', '[9007199254740993]',
];

/** Names of properties, flags and variants that mean nothing in particular. */
export const NAMES = ['a', 'b', 'plan', 'count', 'version', 'tags', 'é', '😀', '', 'x y', 'A'];

/** Names that are indices, or nearly. */
export const INDICES = ['0', '1', '2', '10', '01', '-1', '1.5', '4294967294', '4294967295', '4294967296'];

/** Names that JavaScript objects and lists have though nobody gave them any. */
// biome-ignore format: one value a line would be a page
export const INHERITED = [
  'constructor', '__proto__', 'toString', 'valueOf', 'hasOwnProperty', 'isPrototypeOf',
  'propertyIsEnumerable', 'toLocaleString', '__defineGetter__', '__lookupSetter__', 'map', 'at', 'toJSON',
  'then', 'prototype', 'length',
];

/** Names with half a pair. */
export const HALVES = ['\ud83d', '\ude00', 'a\ud83d', '\ude00\ud83d'];

// biome-ignore format: one value a line would be a page
export const PATTERNS = [
  '', '.', '^$', '^a', 'a$', '^a$', '[ab]', '[^a]', 'a|b', '(a|b)+', '^.$', '^..$', '\\d+', '\\w', '\\W',
  '\\s', '\\bpro\\b', '\\Bo', '^(?:a|b)*$', '(?=a)', '(?!a)', '^(?!.*b)', '(?<=a)b', '(?<!a)b', '(.)\\1',
  '\\1(a)', '(a)|b\\1', '(?<n>a)\\k<n>', '\\k<n>', '\\k', '\\u0061', '\\u{61}', '\\u{3}', '^\\u{2}$', '\\x61',
  '\\x6', '\\cA', '\\c', '\\0', '\\01', '\\8', '\\10', '\\p{L}', '[\\b]', '[]', '[^]', '\\ud83d', '\\ude00',
  '\\ud83d\\ude00', '😀', '[😀]', '^[😀]$', '😀+', '\ud83d', '[\ud83d]', '[^\ud83d]', '\\u{1F600}', '{', '}',
  ']', 'a{', 'a{1', 'a{1,2}', 'a{,2}', 'a{2,}', '^a{2}$', 'x{0}', '(?=a)*', '(?=a){2}', '(?:)', '()', '|',
  'a||b', '[a-\\d]', '[\\d-z]', '[-a]', '[a-]', '[\\w-]+\\.js', '\\-', '\\/', '/', '\\é', '\\😀', '\\a',
  '\\z', '[\\c_]', '[\\cA]', '[\\c]', 'İ', 'ß', '[à-é]', '[\\u00e0-\\u00e9]', '\\s\\S', '^\\s*$', '[\\s\\S]',
  '\u2028', '^.*$', 'a\nb', '(a*)*', '(?:a?){3}', 'a??b', 'a+?', '(?:(a)|b)*', '((a)|(b))*\\2', '(?=(a))\\1',
  '(?!(a))\\1b', '(?<a>.)(?<b>.)\\k<b>',
];

/** Patterns at which JavaScript throws. */
// biome-ignore format: one value a line would be a page
export const BROKEN = [
  '(', ')', '[', '*', '+', '?', 'a**', 'a{2,1}', '(?', '(?<', '(?<n', '(?<n>a)(?<n>b)', '(?<n>a)\\k<m>',
  '(?<n>a)\\k', '[b-a]', '\\', 'a++', '(?a)', '(?<1>a)', '^*', '\\b+', '(?<=a)*', '(?i:a', '[z-\\x61]', '{1}',
  'x{1}{2}', '|*', '(?:', '(?<=a)+',
];
