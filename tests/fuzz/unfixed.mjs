// Bugs of ours that were found and reported, and are not fixed yet, in the form of `differences.mjs`. What is here is not seen: an
// entry goes with its bug. `after` changes the reference's answer, `throws` is what an engine may throw where `excuses` holds.

const flag = (more) => ({ key: 'f', segments: [{ variant: 'on' }], variants: { on: { key: 'on' } }, ...more });
const is = (way, value, op = 'is') => flag({ segments: [{ conditions: [[{ selector: ['context', ...way], op, values: [value] }]], variant: 'on' }] });

export const unfixed = [
  {
    name: 'a pair of escapes in a pattern',
    reason: 'natively \\ud83d\\ude00 is one character, which no list of code units has, and of \\ud83d\\u0061 the second \\u is lost',
    engines: ['native'],
    patch: (engine, fire) => {
      const compile = engine.compile;
      engine.compile = (source) => {
        const said = (none) => (all, high, low) => (high === undefined ? all : low === undefined ? `\\u${high}` : none);
        const other = source.replace(PARTS, (part) => part.replace(ESCAPES, said(part.startsWith('[') ? '' : '[]')));
        if (other !== source) fire();
        return compile(other);
      };
    },
    example: { flags: [is(['user', 'user_id'], '\\ud83d\\ude00', 'regex match')], user: { user_id: '😀' } },
  },
];

/** The classes of a pattern, and what is between them. */
const PARTS = /\[(?:\\.|[^\]\\])*|(?:\\.|[^[\\])+/gs;
const ESCAPES = /\\[^u]|\\u(d[89ab][\da-f]{2})\\u(d[c-f][\da-f]{2})?/gi;
