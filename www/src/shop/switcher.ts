// The user switcher: a radio group of visitors. Calls its listeners with the current visitor, at once and
// after every switch.
import { element } from '../dom';
import { newVisitor, type Visitor, visitors } from './visitors';

// In sessionStorage: kept over reloads, until the tab is closed.
const storageKey = 'shop-visitor';

const newVisitorButton = document.querySelector<HTMLButtonElement>('#new-visitor')!;
const listeners: ((visitor: Visitor) => void)[] = [];

let current = lastVisitor();
for (const visitor of visitors) addChoice(visitor);
if (current.id === 'new') addChoice(current);
newVisitorButton.addEventListener('click', () => {
  document.querySelector('[data-visitor="new"]')?.remove();
  enter(newVisitor());
  addChoice(current).focus();
});

export function onVisitor(call: (visitor: Visitor) => void): void {
  listeners.push(call);
  call(current);
}

function lastVisitor(): Visitor {
  const text = sessionStorage.getItem(storageKey);
  return text ? (JSON.parse(text) as Visitor) : visitors[0]!;
}

function enter(visitor: Visitor): void {
  current = visitor;
  sessionStorage.setItem(storageKey, JSON.stringify(visitor));
  for (const call of listeners) call(visitor);
}

function addChoice(visitor: Visitor): HTMLInputElement {
  const radio = element('input', { type: 'radio', name: 'visitor', value: visitor.id });
  radio.checked = visitor.id === current.id;
  radio.addEventListener('change', () => enter(visitor));
  const label = element(
    'label',
    { class: 'visitor', 'data-visitor': visitor.id },
    radio,
    element('span', { class: 'visitor-mark', 'aria-hidden': 'true' }, visitor.name.charAt(0)),
    element('span', { class: 'visitor-name' }, visitor.name),
    element('span', { class: 'visitor-note' }, visitor.note),
  );
  newVisitorButton.before(label);
  return radio;
}
