// The live view beside the shop: what the server stored about the visitor at the door.
import { exposures } from '../shop/experiment';
import { onVisitor } from '../shop/switcher';
import type { Visitor } from '../shop/visitors';
import { handedOverFor, overhear } from './handed-over';
import { showEvents } from './list';
import { pollWhileVisible } from './poll';
import { showProperties } from './properties';
import { readEvents, readProperties, type StoredEvent } from './server';
import { showSteps } from './steps';
import { assigned, changes, entries, exposed, isOnItsWay, prefix, type Entry } from './story';

const followed = 'checkout-button';
const flags = [followed, 'free-shipping-banner'];

const whose = document.querySelector<HTMLElement>('#whose')!;
const status = document.querySelector<HTMLElement>('#ledger-status')!;
const startOver = document.querySelector<HTMLButtonElement>('#start-over')!;

let visitor: Visitor;
let stored: StoredEvent[] = [];
let properties: Record<string, unknown> = {};

const poll = pollWhileVisible(readStored, () => say('The server does not answer. Trying again.', false));

onVisitor((entered) => {
  visitor = entered;
  whose.textContent = visitor.name;
  [stored, properties] = [[], {}];
  show();
  poll.now();
});

overhear(exposures, () => {
  show();
  poll.soon();
});

startOver.addEventListener('click', () => {
  localStorage.clear();
  sessionStorage.clear();
  location.reload();
});

async function readStored(): Promise<boolean> {
  const asked = visitor;
  const events = await readEvents(asked.user);
  // A user of whom nothing is stored yet is nobody to the server.
  const now = events.length > 0 ? await readProperties(asked.user) : {};
  if (asked !== visitor) return true;
  [stored, properties] = [events, now];
  show();
  say(sentence(), true);
  return all().some(isOnItsWay);
}

function show(): void {
  showSteps(progress());
  showProperties(changes(flags, stored, properties));
  showEvents(all());
}

function all(): Entry[] {
  return entries(handedOverFor(visitor.user), stored);
}

function progress() {
  const choice = assigned(followed, stored);
  const met = exposed(followed, stored);
  return {
    assigned: choice === undefined ? undefined : String(choice),
    exposed: met && new Date(met.time).toLocaleTimeString('en-GB'),
    property: met && String(properties[prefix + followed] ?? 'unset'),
  };
}

/** For those who listen rather than look: said once, when it changes. */
function sentence(): string {
  const { assigned: choice = 'nothing', property } = progress();
  const loop = property ? `met it; property ${property}` : 'has not met it today';
  return `${visitor.name}: assigned ${choice}, ${loop}.`;
}

function say(text: string, live: boolean): void {
  document.body.dataset.ledger = live ? 'live' : 'away';
  if (status.textContent !== text) status.textContent = text;
}
