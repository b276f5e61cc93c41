// Where we differ from the reference on purpose (see `tests/vectors/README.md`), each as a change to the
// reference that makes it agree with us.
//
// `read` changes what is read (`asked.flags`, `asked.user`, `asked.keys`), `patch` the engine, and `isBare`
// says whether the reference is asked where objects and lists inherit no names. Each says when it changed
// something: only then it can explain anything. `engines` names those that differ, where not all do.
// `example` shows the difference.

import { cyclic, isUnderstood, ordered } from './faults.mjs';

const flag = (more) => ({
  key: 'f',
  segments: [{ variant: 'on' }],
  variants: { on: { key: 'on' } },
  ...more,
});
const when = (condition) => flag({ segments: [{ conditions: [[condition]], variant: 'on' }] });
const ofId = (op, value) => when({ selector: ['context', 'user', 'user_id'], op, values: [value] });

const INHERITED = [Object, Array, Function, String].flatMap(({ prototype }) =>
  Object.getOwnPropertyNames(prototype),
);
/** Every condition has a field named "values"; that it has it is nothing. */
const inherited = new RegExp(`"(?!values":)(?:${[...new Set(INHERITED)].join('|')})"`);

export const differences = [
  {
    name: 'inherited names',
    reason:
      'names that every object has (constructor, __proto__, toString) are ordinary; the reference finds what JavaScript put there',
    isBare: ({ flags, user, keys }) =>
      inherited.test(flags) || inherited.test(user) || inherited.test(JSON.stringify(keys)),
    example: { flags: [flag({ dependencies: ['constructor'] })], user: {} },
  },
  {
    name: 'not understood',
    reason:
      "a flag of a shape that is not the wire's is left out and named; the reference throws, or makes something of it",
    read: (asked) => keepOnly(asked, (flag, at) => isUnderstood(asked.nodes[at])),
    example: { flags: [flag({ segments: null })], user: {} },
  },
  {
    name: 'cycle',
    reason:
      'flags that depend on themselves have no variant, and what else they depend on is evaluated; the reference throws',
    read: withoutCycles,
    example: { flags: [flag({ dependencies: ['f'] })], user: {} },
  },
  {
    name: 'order of whole-number keys',
    reason:
      'flags are evaluated in the order of the text; the reference takes keys that are whole numbers first',
    read: (asked) =>
      !asked.keys &&
      asked.flags.some(({ key }) => /^\d+$/.test(key)) &&
      (asked.keys = asked.flags.map(({ key }) => key)),
    example: {
      flags: [flag(), { ...when({ selector: ['result', 'f'], op: 'is not', values: ['(none)'] }), key: '1' }],
      user: {},
    },
  },
  {
    name: 'no variants',
    reason: 'a flag need not have any; the reference throws when one is drawn',
    read: ({ flags, parse }) =>
      flags.map((flag) => !flag.variants && (flag.variants = parse('{}'))).some(Boolean),
    example: { flags: [flag({ variants: null })], user: {} },
  },
  {
    name: 'null as a variant',
    reason:
      'a segment or distribution whose variant is null has none, nor has a flag; the reference looks for one named "null", and traces a match',
    read: ({ flags }) => flags.map(withoutNulls).some(Boolean),
    example: { flags: [flag({ segments: [{ variant: null }] })], user: {} },
  },
  {
    name: 'metadata that is no object',
    reason:
      'it is none; the reference takes the letters of a string and the items of a list for metadata, by their numbers',
    read: (asked) => (asked.odd = new Map(asked.flags.flatMap(withoutOddMetadata))).size,
    patch: (engine, fire, { odd }) => odd?.size && showing(engine, odd),
    example: { flags: [flag({ metadata: 'a' })], user: {} },
  },
  {
    name: 'value that is no string',
    reason:
      "numbers and booleans among a condition's values are taken for their text; the reference throws, or compares them as what they are",
    patch: (engine, fire) =>
      wrap(engine, 'matchCondition', (match, target, condition) => {
        if (condition.values.every((value) => typeof value === 'string')) return match(target, condition);
        fire();
        return match(target, { ...condition, values: condition.values.map(String) });
      }),
    example: { flags: [ofId('is', 1)], user: { user_id: '1' } },
  },
  {
    name: 'all results in a trace',
    reason: 'a propValue that holds all results holds those of its moment; the reference goes on changing it',
    patch: (engine, fire) =>
      wrap(engine, 'evaluateFlagWithTrace', (evaluate, target, flag) => {
        const moment = Object.assign(Object.create(Object.getPrototypeOf(target.result)), target.result);
        if (JSON.stringify(flag).includes('["result"]')) fire();
        return evaluate(
          Object.assign(Object.create(Object.getPrototypeOf(target)), { ...target, result: moment }),
          flag,
        );
      }),
    example: { flags: [when({ selector: ['result'], op: 'contains', values: ['{'] })], user: {} },
  },
  {
    name: 'broken pattern',
    reason: 'it matches nothing, and nothing can be said not to match it; the reference throws',
    patch: (engine, fire) =>
      wrap(engine, 'compile', (compile, source) => {
        try {
          return compile(source);
        } catch {
          fire();
          return null;
        }
      }),
    example: { flags: [ofId('regex match', '(')], user: { user_id: 'a' } },
  },
  {
    name: 'long pattern',
    reason: 'natively a pattern of more than 1 KiB never matches: a server is shared',
    engines: ['native'],
    patch: (engine, fire) =>
      wrap(engine, 'compile', (compile, source) =>
        Buffer.from(source).length > 1024 ? (fire(), null) : compile(source),
      ),
    example: { flags: [ofId('regex match', 'a|'.repeat(600))], user: { user_id: 'a' } },
  },
  {
    name: 'large pattern',
    reason:
      'natively a pattern of more than 10,000 nodes is none, nor is one with 200 groups in each other: a server is shared',
    engines: ['native'],
    patch: (engine, fire) =>
      wrap(engine, 'compile', (compile, source) => {
        const isLarge = Array.from(source.matchAll(/\{(\d+)\}\)\{(\d+)\}/g)).some(
          ([, inner, outer]) => inner * outer > 10_000,
        );
        return isLarge ? (fire(), null) : compile(source);
      }),
    example: { flags: [ofId('regex match', '^(?:a{60}){200}|b')], user: { user_id: 'b' } },
  },
  {
    name: 'long way',
    reason:
      'natively a pattern with a reference does not match after ten million steps; those of repeated repetitions take more',
    engines: ['native'],
    patch: (engine, fire) =>
      wrap(engine, 'compile', (compile, source) =>
        /[+*]\)[+*].*\\1/.test(source) ? (fire(), { test: () => false }) : compile(source),
      ),
    example: { flags: [ofId('regex match', '^(a+)+\\1c|b')], user: { user_id: `${'a'.repeat(24)}b` } },
  },
  {
    name: 'name of a group',
    reason: 'natively its letters beyond ASCII are not looked up: that takes tables of Unicode',
    engines: ['native'],
    patch: (engine, fire) =>
      wrap(engine, 'compile', (compile, source) => {
        const other = source.replace(/(?<=\(\?<)\w+[^ -~]+(?=>)/g, 'name');
        if (other !== source) fire();
        return compile(other);
      }),
    example: { flags: [ofId('regex match', '(?<a½>a)')], user: { user_id: 'a' } },
  },
  {
    name: 'long subject',
    reason: 'natively a subject is matched by its first 1,024 characters: a server is shared',
    engines: ['native'],
    patch: (engine, fire) =>
      wrap(engine, 'subject', (subject, text) => (text.length > 1024 ? (fire(), text.slice(0, 1024)) : text)),
    example: { flags: [ofId('regex match', 'b$')], user: { user_id: `${'a'.repeat(1024)}b` } },
  },
  {
    name: 'user as JSON',
    reason:
      'the package takes a user as an object and passes it on as JSON, in which Infinity is null and -0 is 0',
    engines: ['wasm'],
    read: (asked) =>
      /1e400|-0/i.test(asked.question.user) && (asked.user = asked.parse(JSON.stringify(asked.user))),
    example: { flags: [ofId('is', 'Infinity')], user: { user_id: Infinity } },
  },
  {
    name: 'groups that are no object',
    reason:
      'they are none; the reference takes the letters of a string and the items of a list for groups, by their numbers',
    read: ({ user, parse }) =>
      user.groups &&
      (typeof user.groups !== 'object' || Array.isArray(user.groups)) &&
      (user.groups = parse('{}')),
    example: {
      flags: [when({ selector: ['context', 'groups'], op: 'is not', values: ['(none)'] })],
      user: { groups: ['a'] },
    },
  },
  {
    name: 'odd properties of a group',
    reason:
      'those that are no object, or of a group whose name is neither text nor number, are none; the reference has them if they have a length',
    read: ({ user, parse }) => {
      const isOdd = ([type, names]) => names?.[0] && areOdd(user.group_properties?.[type], names[0]);
      return Object.entries(user.groups ?? {}).filter(
        (entry) => isOdd(entry) && (user.group_properties[entry[0]] = parse('{}')),
      ).length;
    },
    example: {
      flags: [when({ selector: ['context', 'groups', 'a', 'group_properties'], op: 'is', values: ['c'] })],
      user: { groups: { a: ['b'] }, group_properties: { a: { b: 'c' } } },
    },
  },
  {
    name: 'null for the names of groups',
    reason: 'there are none of that type; the reference throws',
    read: ({ user }) =>
      Object.entries(user.groups ?? {}).filter(([type, names]) => names === null && delete user.groups[type])
        .length,
    example: { flags: [flag()], user: { groups: { a: null } } },
  },
];

/** Whether the properties of the groups of one type are none to us, though there are some for this group. */
function areOdd(groups, name) {
  const isObject = (value) => typeof value === 'object' && !Array.isArray(value);
  return (
    groups?.[name] != null &&
    !(/^(string|number)$/.test(typeof name) && isObject(groups) && isObject(groups[name]))
  );
}

/** Puts a function in front of one of the engine's. */
function wrap(engine, name, wrapper) {
  const inner = engine[name].bind(engine);
  engine[name] = (...given) => wrapper(inner, ...given);
}

/** Leaves flags out; says whether there were any. */
function keepOnly(asked, is) {
  const { length } = asked.flags;
  asked.flags = asked.flags.filter(is);
  return asked.flags.length < length;
}

function withoutCycles(asked) {
  const cycles = cyclic(asked.flags);
  if (!cycles.length) return false;
  asked.keys = ordered(asked.flags, asked.keys).filter((key) => !cycles.includes(key));
  // In this order they are what they depend on.
  for (const flag of asked.flags) delete flag.dependencies;
  return keepOnly(asked, ({ key }) => !cycles.includes(key));
}

/** Takes away variants that are null, and says whether there were any. */
function withoutNulls(flag) {
  const distributions = flag.segments
    .flatMap(({ bucket }) => bucket?.allocations ?? [])
    .flatMap((allocation) => allocation.distributions);
  const named = [...flag.segments, ...distributions].filter(({ variant }) => variant === null);
  for (const holder of named) delete holder.variant;
  const names = Object.keys(flag.variants ?? {}).filter((name) => flag.variants[name] === null);
  for (const name of names) delete flag.variants[name];
  return named.length + names.length;
}

/** Takes metadata away that are no object, and returns whose they were. */
function withoutOddMetadata(flag) {
  const isOdd = (holder) =>
    holder?.metadata != null && (typeof holder.metadata !== 'object' || Array.isArray(holder.metadata));
  return [flag, ...flag.segments, ...Object.values(flag.variants ?? {})].filter(isOdd).map((holder) => {
    const { metadata } = holder;
    delete holder.metadata;
    return [holder, metadata];
  });
}

/** Traces show the metadata of segments as they are. */
function showing(engine, odd) {
  wrap(engine, 'evaluateFlagWithTrace', (evaluate, target, flag) => {
    const said = evaluate(target, flag);
    flag.segments.forEach(
      (segment, at) => odd.has(segment) && (said.trace.steps[at].segmentMetadata = odd.get(segment)),
    );
    return said;
  });
}
