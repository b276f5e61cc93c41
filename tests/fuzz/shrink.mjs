// The smallest question that still fails: whatever can be taken away is, list by list, then letter by letter.

import { Fields, Literal, read } from './json-text.mjs';

/** The smallest tree that can be made of one and of which `fails` still holds. */
export async function shrink(tree, fails) {
  for (let before; ; ) {
    before = tree;
    tree = await smallest(tree, fails);
    if (tree === before) return tree;
  }
}

/** The smallest node in place of this one with which `holds` is true. */
async function smallest(node, holds) {
  const keep = async (candidates) => {
    for (const candidate of candidates) if (await holds(candidate)) return void (node = candidate);
  };
  await keep(plainer(node));
  for (let size = countOf(node) >> 1 || 1; size && countOf(node); size >>= 1) {
    for (let at = 0; at < countOf(node); ) {
      const fewer = without(node, at, size);
      if (await holds(fewer)) node = fewer;
      else at += size;
    }
  }
  if (typeof node === 'string') await keep(plainer(node));
  for (let at = 0; at < childrenOf(node).length; at++) {
    const child = childrenOf(node)[at];
    const smaller = await smallest(child, (candidate) => holds(withChild(node, at, candidate)));
    if (smaller !== child) node = withChild(node, at, smaller);
  }
  return node;
}

/**
 * What can stand in the place of a node and is plainer, the plainest first. What is plainer than itself would
 * never end.
 */
function plainer(node) {
  if (node === null || node === '') return [];
  if (typeof node === 'string')
    return ['', 'a', ...plainerLetters(node)].filter((text) => text !== node && node !== 'a');
  if (node instanceof Literal) return [null, '', ...plainerLiterals(node)];
  return [null, ...(typeof node === 'boolean' ? [] : ['', ...childrenOf(node)])];
}

const plainerLetters = (text) =>
  [...new Set(text)].filter((letter) => letter > 'a').map((letter) => text.replaceAll(letter, 'a'));

function plainerLiterals(literal) {
  const value = read(literal);
  if (typeof value === 'string') return [value];
  const order = ['0', '1', ...(Number.isFinite(value) ? [String(value)] : [])];
  return [...new Set(order)]
    .slice(0, order.includes(literal.text) ? order.indexOf(literal.text) : undefined)
    .map((text) => new Literal(text));
}

function childrenOf(node) {
  if (node instanceof Fields) return node.entries.map(([, value]) => value);
  return Array.isArray(node) ? node : [];
}

const countOf = (node) => (typeof node === 'string' ? node.length : childrenOf(node).length);

function without(node, at, count) {
  if (typeof node === 'string') return node.slice(0, at) + node.slice(at + count);
  if (node instanceof Fields) return new Fields(node.entries.toSpliced(at, count));
  return node.toSpliced(at, count);
}

function withChild(node, at, child) {
  if (node instanceof Fields) return new Fields(node.entries.with(at, [node.entries[at][0], child]));
  return node.with(at, child);
}
