// Why the crate `regress` 0.12.0 is not used: what it answers otherwise than JavaScript, a pair for each
// kind. `answer` is what it answers: `undefined` for nothing within two seconds.

export const REGRESS_DIFFERENCES = [
  {
    kind: 'a repetition in a repetition does not return',
    pattern: '(((?:A|A){0,1}|((?:a|ab)c){0}){0,1}){0,}$',
    text: 'AcΣ😀u0061\ude00',
    answer: undefined,
  },
  {
    kind: 'without the flag u, \\u{61} is a code point and not 61 letters',
    pattern: '^[\\u{61}]',
    text: 'u0061',
    answer: false,
  },
  {
    kind: 'a second quantifier after such an escape is accepted',
    pattern: '\\u{62}{2}',
    text: 'bb',
    answer: true,
  },
];
