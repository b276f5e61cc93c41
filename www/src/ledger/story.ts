// What happened to one visitor, told from stored events and overheard exposures; shows nothing itself.
import type { SentEvent } from './handed-over';
import type { StoredEvent } from './server';

export const assignment = '[Experiment] Assignment';
export const exposure = '[Experiment] Exposure';
/** Names of experiment properties on the user: this, then the flag key. */
export const prefix = '[Experiment] ';

/** One thing that happened: sent by this page, stored by the server, or both. */
export interface Entry {
  id: string;
  sent?: SentEvent;
  stored?: StoredEvent;
}

export interface Change {
  name: string;
  before?: unknown;
  now?: unknown;
}

/** Newest first; what is not stored yet is on top. */
export function entries(sent: SentEvent[], stored: StoredEvent[]): Entry[] {
  const sentById = new Map(sent.map((event) => [event.insert_id, event]));
  const told: Entry[] = stored.map((event) => ({
    id: event.insert_id,
    sent: sentById.get(event.insert_id),
    stored: event,
  }));
  const known = new Set(told.map((entry) => entry.id));
  const waiting = sent.filter((event) => !known.has(event.insert_id));
  return [...told, ...waiting.map((event) => ({ id: event.insert_id, sent: event }))].reverse();
}

// After that long the exposure waits for a retry, or went to a server that has forgotten it.
const usualWay = 10_000;

export function isOnItsWay({ sent, stored }: Entry): boolean {
  return !stored && sent !== undefined && Date.now() - sent.time < usualWay;
}

/** Each experiment property: before the flag's latest exposure, and now. */
export function changes(flags: string[], stored: StoredEvent[], now: Record<string, unknown>): Change[] {
  const others = Object.keys(now).filter((name) => name.startsWith(prefix));
  const names = new Set([...flags.map((flag) => prefix + flag), ...others]);
  return [...names].map((name) => ({ name, before: before(name, stored), now: now[name] }));
}

function before(name: string, stored: StoredEvent[]): unknown {
  const at = stored.findLastIndex((event) => event.event_type === exposure && propertyOf(event) === name);
  return stored[at - 1]?.user_properties[name];
}

/** The property that an exposure sets or unsets. */
export function propertyOf(event: StoredEvent): string {
  return prefix + String(event.event_properties['[Experiment] Flag Key']);
}

export function assigned(flag: string, stored: StoredEvent[]): unknown {
  const event = stored.findLast((one) => one.event_type === assignment);
  return event?.event_properties[`${prefix}${flag}.variant`];
}

export function exposed(flag: string, stored: StoredEvent[]): StoredEvent | undefined {
  return stored.findLast((event) => event.event_type === exposure && propertyOf(event) === prefix + flag);
}
