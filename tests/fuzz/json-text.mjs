// JSON as it is written, which is more than what is read from it: names that stand twice, `1e400`, `1.0`,
// `"\u0061"`.
//
// A tree is made of strings, booleans, null, arrays, and of the two classes below. Every number is a Literal.

/** A number or a string in the letters in which it stands in the text. */
export class Literal {
  constructor(text) {
    this.text = text;
  }
}

/** An object: names and values in the order of the text, `[name, value]` each. */
export class Fields {
  constructor(entries) {
    this.entries = entries;
  }

  /** Fields with ordinary names; those that are undefined are left out. */
  static of(object) {
    return new Fields(Object.entries(object).filter(([, value]) => value !== undefined));
  }

  /** All values of a name. */
  all(name) {
    return this.entries.filter(([key]) => key === name).map(([, value]) => value);
  }

  /** The value that is read. */
  last(name) {
    return this.all(name).at(-1);
  }
}

/** Letters that are written as they are. */
const PLAIN = /^[ !#-[\]-~]*$/;

const quoted = (text) => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));

/** The JSON text of a tree. Lone surrogates are escaped, so it has a UTF-8 form. */
export function write(tree) {
  if (typeof tree === 'string') return quoted(tree);
  if (tree instanceof Literal) return tree.text;
  if (tree instanceof Fields)
    return writtenList('{', tree.entries, '}', ([name, value]) => `${quoted(name)}:${write(value)}`);
  return Array.isArray(tree) ? writtenList('[', tree, ']', write) : String(tree);
}

function writtenList(open, items, close, of) {
  let text = open;
  for (let at = 0; at < items.length; at++) text += (at ? ',' : '') + of(items[at]);
  return text + close;
}

/** What is read from a tree. */
export const read = (tree) => JSON.parse(write(tree));

/**
 * A value as a tree: numbers become literals, Infinity such a one as JSON has. What is a tree already stays
 * one.
 */
export function tree(value) {
  if (typeof value === 'number')
    return new Literal(Object.is(value, -0) ? '-0' : String(value).replace('Infinity', '1e400'));
  if (Array.isArray(value)) return Array.from(value, tree);
  if (typeof value !== 'object' || !value || value instanceof Fields || value instanceof Literal)
    return value;
  return new Fields(
    Object.entries(value)
      .filter(([, held]) => held !== undefined)
      .map(([name, held]) => [name, tree(held)]),
  );
}

export const isString = (node) =>
  typeof node === 'string' || (node instanceof Literal && node.text.startsWith('"'));
export const isNumber = (node) => node instanceof Literal && !node.text.startsWith('"');
