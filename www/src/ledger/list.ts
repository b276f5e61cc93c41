// The list of cards. A card is replaced only when its event changed, and moved only when it must be, so that
// an open one stays open.
import { card } from './cards';
import type { Entry } from './timeline';

const list = document.querySelector<HTMLElement>('#events')!;
const empty = document.querySelector<HTMLElement>('#no-events')!;

const shown = new Map<string, { text: string; node: HTMLElement }>();

export function showEvents(entries: Entry[]): void {
  const nodes = entries.map(nodeFor);
  const wanted = new Set(nodes);
  for (const node of [...list.children]) if (!wanted.has(node as HTMLElement)) node.remove();
  nodes.forEach((node, index) => {
    if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
  });
  empty.hidden = nodes.length > 0;
}

function nodeFor(entry: Entry): HTMLElement {
  const text = JSON.stringify(entry);
  const last = shown.get(entry.id);
  if (last?.text === text) return last.node;
  const node = card(entry);
  shown.set(entry.id, { text, node });
  return node;
}
