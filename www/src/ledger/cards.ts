// One stored event as a card: assignment, exposure (as sent beside as stored), or an ordinary event.
import { element } from '../dom';
import type { StoredEvent } from './server';
import { assignment, type Entry, exposure, isPending, prefix, propertyOf } from './timeline';
import type { SentEvent } from './tracked';

// The properties that ingestion renames, in the order of the table.
const renamed = [
  ['flag_key', '[Experiment] Flag Key'],
  ['variant', '[Experiment] Variant'],
  ['experiment_key', '[Experiment] Experiment Key'],
] as const;

export function card(entry: Entry): HTMLElement {
  const type = entry.stored?.event_type ?? exposure;
  if (type === exposure) return exposureCard(entry);
  if (type === assignment) return assignmentCard(entry.stored!);
  return ordinaryCard(entry.stored!);
}

function assignmentCard(stored: StoredEvent): HTMLElement {
  const rows = Object.entries(stored.event_properties)
    .filter(([name]) => name.endsWith('.variant'))
    .map(([name, value]) => pair(name, String(value)));
  return shell('assignment', 'Assignment', 'evaluation chose', stored.time, [
    element('dl', { class: 'pairs' }, ...rows),
    raw('As stored', stored),
  ]);
}

function exposureCard(entry: Entry): HTMLElement {
  const { sent, stored } = entry;
  const time = stored?.time ?? sent!.time;
  const parts: Node[] = [transformation(sent, stored), outcome(entry)];
  if (sent) parts.push(raw('As sent', sent));
  if (stored) parts.push(raw('As stored', stored));
  return shell('exposure', 'Exposure', 'the visitor met it', time, parts);
}

function ordinaryCard(stored: StoredEvent): HTMLElement {
  const carried = Object.entries(stored.user_properties)
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, value]) => pair(name, String(value)));
  return shell('ordinary', stored.event_type, 'carries the properties', stored.time, [
    element('dl', { class: 'pairs' }, ...carried),
    raw('As stored', stored),
  ]);
}

function transformation(sent?: SentEvent, stored?: StoredEvent): HTMLElement {
  const was = sent?.event_properties ?? {};
  const is = stored?.event_properties ?? {};
  const rows = renamed.filter(([from, to]) => was[from] ?? is[to] ?? from === 'variant');
  return element(
    'table',
    { class: 'transformation' },
    element('thead', {}, row('th', 'as sent', 'as stored', 'value')),
    element(
      'tbody',
      {},
      row('td', sent ? '$exposure' : 'not by this tab', stored ? exposure : '…', ''),
      ...rows.map(([from, to]) =>
        row('td', sent ? from : '', stored ? to : '…', String(is[to] ?? was[from] ?? 'none')),
      ),
    ),
  );
}

function row(cell: 'td' | 'th', ...texts: string[]): HTMLElement {
  return element(
    'tr',
    {},
    ...texts.map((text) => element(cell, cell === 'th' ? { scope: 'col' } : {}, text)),
  );
}

function outcome(entry: Entry): HTMLElement {
  const { stored } = entry;
  if (!stored) {
    const text = isPending(entry) ? 'on its way' : 'this server has not stored it yet';
    return element('p', { class: 'outcome', 'data-state': 'waiting' }, text);
  }
  const name = propertyOf(stored);
  const value = stored.event_properties['[Experiment] Variant'];
  const text = value === undefined ? `unset ${name}` : `set ${name} = ${String(value)}`;
  return element('p', { class: 'outcome', 'data-state': 'stored' }, text);
}

function shell(kind: string, name: string, gloss: string, time: number | string, parts: Node[]): HTMLElement {
  const when = new Date(time);
  const clock = element('time', { datetime: when.toISOString() }, when.toLocaleTimeString('en-GB'));
  const title = element(
    'h3',
    {},
    element('span', { class: 'chip' }, name),
    element('small', {}, gloss),
    clock,
  );
  return element('li', { class: 'card', 'data-kind': kind }, title, ...parts);
}

function pair(name: string, value: string): HTMLElement {
  return element('div', {}, element('dt', {}, name), element('dd', {}, value));
}

function raw(title: string, event: object): HTMLElement {
  return element(
    'details',
    {},
    element('summary', {}, `${title}, whole`),
    element('pre', { tabindex: '0' }, JSON.stringify(event, null, 2)),
  );
}
