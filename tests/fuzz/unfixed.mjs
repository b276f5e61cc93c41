// Bugs of ours that were found and reported, and are not fixed yet, in the form of `differences.mjs`. What is here is not seen: an
// entry goes with its bug. `after` changes the reference's answer, `throws` is what an engine may throw where `excuses` holds.

import { isUnderstood } from './faults.mjs';
import { Fields, isString, read, write } from './written.mjs';

const flag = (more) => ({ key: 'f', segments: [{ variant: 'on' }], variants: { on: { key: 'on' } }, ...more });
const is = (way, value, op = 'is') => flag({ segments: [{ conditions: [[{ selector: ['context', ...way], op, values: [value] }]], variant: 'on' }] });

export const unfixed = [
  {
    name: 'half a pair in a name',
    reason: 'names of answers are written as UTF-8, in which half a pair is lost',
    engines: ['wasm'],
    after: (answer, fire, { flags, user }) => {
      const lost = (name) => name.replace(/\p{Surrogate}/gu, () => (fire(), '\ufffd\ufffd\ufffd'));
      return /\\ud[89a-f]/i.test(flags + user) && renamedAnswer(answer, lost);
    },
    example: { flags: [flag({ key: '\ud83d' })], user: {} },
  },
  {
    name: '__proto__ in an answer',
    reason: 'it is assigned, and becomes the prototype',
    engines: ['wasm'],
    after: (answer, fire, { flags, user }) => {
      const lost = (name) => (name === '__proto__' ? void fire() : name);
      return (flags + user).includes('__proto__') && renamedAnswer(answer, lost);
    },
    example: { flags: [flag({ variants: { on: { payload: JSON.parse('{"__proto__":1}') } } })], user: {} },
  },
  {
    name: 'half a pair for the name of a group',
    reason: 'of a string in place of the names of groups the reference takes the first code unit, we the first character',
    read: ({ user, parse }) => {
      const isPair = ([, names]) => typeof names === 'string' && names.codePointAt(0) > 0xffff;
      const first = (names) => parse(JSON.stringify([String.fromCodePoint(names.codePointAt(0))]));
      return Object.entries(user.groups ?? {}).filter(isPair).map(([type, names]) => (user.groups[type] = first(names))).length;
    },
    example: { flags: [is(['groups', 'a', 'group_name'], '\ud83d')], user: { groups: { a: '😀' } } },
  },
  {
    name: 'a type of groups written twice',
    reason: 'the earlier one counts where the later has no name; in JavaScript only the later is there',
    engines: ['native'],
    read: (asked) => {
      const groups = asked.question.tree.last('user').last('groups');
      const named = groups instanceof Fields ? groups.entries.filter(([, names]) => read(names)?.[0]) : [];
      if (!named.length || new Set(groups.entries.map(([type]) => type)).size === groups.entries.length) return false;
      return (asked.user.groups = asked.parse(write(new Fields(named))));
    },
    example: { flags: [is(['groups', 'a', 'group_name'], 'b')], user: { groups: new Fields([['a', ['b']], ['a', []]]) } },
  },
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
  {
    name: 'no flag that is understood',
    reason: 'flags of which none is understood and one has no key are refused as if they were no flags',
    engines: ['wasm'],
    throws: 'BAD_ARGUMENT',
    excuses: (nodes) => !nodes.some(isUnderstood) && nodes.some((node) => !(node instanceof Fields && isString(node.last('key') ?? null))),
    example: { flags: [{}], user: {} },
  },
];

/** The classes of a pattern, and what is between them. */
const PARTS = /\[(?:\\.|[^\]\\])*|(?:\\.|[^[\\])+/gs;
const ESCAPES = /\\[^u]|\\u(d[89ab][\da-f]{2})\\u(d[c-f][\da-f]{2})?/gi;

/** An answer with other names in its objects; those that become undefined are left out. What traces show as it came keeps its. */
function renamedAnswer({ throws, ...answer }, of) {
  const asTheyCame = [];
  for (const { steps } of Object.values(answer.traces ?? {})) {
    for (const step of steps) asTheyCame.push(step.segmentMetadata, ...(step.conditionResult ?? []).flat().map(({ condition }) => condition));
  }
  return { ...(throws && { throws }), ...renamed(answer, of, new Set(asTheyCame)) };
}

function renamed(value, of, kept) {
  if (typeof value !== 'object' || !value || kept.has(value)) return value;
  if (Array.isArray(value)) return Array.from(value, (item) => renamed(item, of, kept));
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [of(name), renamed(held, of, kept)]).filter(([name]) => name !== undefined));
}
