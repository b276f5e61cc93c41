// The visitor's experiment properties: before the latest exposure, and now.
import { element } from '../dom';
import type { Change } from './timeline';

const body = document.querySelector<HTMLElement>('#properties tbody')!;

export function showProperties(changes: Change[]): void {
  body.replaceChildren(
    ...changes.map(({ name, before, now }) =>
      element(
        'tr',
        { 'data-property': name, 'data-changed': String(before !== now) },
        element('th', { scope: 'row' }, name),
        element('td', {}, shown(before)),
        element('td', {}, shown(now)),
      ),
    ),
  );
}

function shown(value: unknown): string {
  return value === undefined ? 'not set' : String(value);
}
