// Flags that are not what they should be: one place of a flag is replaced, doubled or taken away.

import { Fields, Literal } from './json-text.mjs';

const INSTEAD = [
  () => null,
  () => 'x',
  () => '',
  () => true,
  () => new Literal('0'),
  () => new Literal('1.5'),
  () => [],
  () => new Fields([]),
  () => [null],
  () => [[]],
  () => [new Literal('1')],
  () => ['a', new Literal('2')],
];

/** Damages one of the flags, or the list itself. */
export function damage(random, list) {
  let [holder, at] = [list, random.below(list.length)];
  while (true) {
    const inner = childrenOf(holder)[at];
    const count = childrenOf(inner).length;
    if (!count || random.chance(0.2)) break;
    [holder, at] = [inner, random.below(count)];
  }
  const how = random.below(10);
  if (how < 6) put(holder, at, random.pick(INSTEAD)());
  else if (how < 9 && holder !== list) remove(holder, at);
  else if (holder instanceof Fields) holder.entries.push([holder.entries[at][0], random.pick(INSTEAD)()]);
  else put(holder, at, random.pick(INSTEAD)());
}

function childrenOf(node) {
  if (node instanceof Fields) return node.entries.map(([, value]) => value);
  return Array.isArray(node) ? node : [];
}

function put(holder, at, value) {
  if (holder instanceof Fields) holder.entries[at] = [holder.entries[at][0], value];
  else holder[at] = value;
}

const remove = (holder, at) => void (holder instanceof Fields ? holder.entries : holder).splice(at, 1);
