// The live view beside the shop: what the server stored about the current visitor.
import { exposures } from '../shop/experiment';
import { onVisitor } from '../shop/switcher';
import type { Visitor } from '../shop/visitors';
import { showEvents } from './list';
import { pollWhileVisible } from './poll';
import { showProperties } from './properties';
import { readEvents, readProperties, type StoredEvent } from './server';
import { showSteps } from './steps';
import { assigned, changes, type Entry, entries, exposed, isPending, prefix } from './timeline';
import { recordTracked, trackedFor } from './tracked';

const followed = 'checkout-button';
const flags = [followed, 'free-shipping-banner'];

const whose = document.querySelector<HTMLElement>('#whose')!;
const status = document.querySelector<HTMLElement>('#ledger-status')!;
const startOver = document.querySelector<HTMLButtonElement>('#start-over')!;

let visitor: Visitor;
let stored: StoredEvent[] = [];
let properties: Record<string, unknown> = {};

const poll = pollWhileVisible(readStored, () => announce('The server does not answer. Trying again.', false));

onVisitor((entered) => {
  visitor = entered;
  whose.textContent = visitor.name;
  [stored, properties] = [[], {}];
  show();
  poll.now();
});

recordTracked(exposures, () => {
  show();
  poll.soon();
});

startOver.addEventListener('click', () => {
  localStorage.clear();
  sessionStorage.clear();
  location.reload();
});

async function readStored(): Promise<boolean> {
  const requested = visitor;
  const events = await readEvents(requested.user);
  // The server knows a user only from stored events.
  const now = events.length > 0 ? await readProperties(requested.user) : {};
  if (requested !== visitor) return true;
  [stored, properties] = [events, now];
  show();
  announce(sentence(), true);
  return all().some(isPending);
}

function show(): void {
  showSteps(progress());
  showProperties(changes(flags, stored, properties));
  showEvents(all());
}

function all(): Entry[] {
  return entries(trackedFor(visitor.user), stored);
}

function progress() {
  const choice = assigned(followed, stored);
  const event = exposed(followed, stored);
  return {
    assigned: choice === undefined ? undefined : String(choice),
    exposed: event && new Date(event.time).toLocaleTimeString('en-GB'),
    property: event && String(properties[prefix + followed] ?? 'unset'),
  };
}

/** For screen readers: announced once for each change. */
function sentence(): string {
  const { assigned: choice = 'nothing', property } = progress();
  const loop = property ? `met it; property ${property}` : 'has not met it today';
  return `${visitor.name}: assigned ${choice}, ${loop}.`;
}

function announce(text: string, live: boolean): void {
  document.body.dataset.ledger = live ? 'live' : 'away';
  if (status.textContent !== text) status.textContent = text;
}
