// What happened to a visitor, from stored events and tracked exposures. Shows nothing itself.

import type { StoredEvent } from './server';
import type { SentEvent } from './tracked';

export const assignment = '[Experiment] Assignment';
export const exposure = '[Experiment] Exposure';
/** The names of experiment properties begin with this; the flag key follows. */
export const prefix = '[Experiment] ';

/** An event: sent by this page, stored by the server, or both. */
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

/** Newest first, with those that are not stored yet on top. */
export function entries(sent: SentEvent[], stored: StoredEvent[]): Entry[] {
  const sentById = new Map(sent.map((event) => [event.insert_id, event]));
  const arrived: Entry[] = stored.map((event) => ({
    id: event.insert_id,
    sent: sentById.get(event.insert_id),
    stored: event,
  }));
  const known = new Set(arrived.map((entry) => entry.id));
  const waiting = sent.filter((event) => !known.has(event.insert_id));
  return [...arrived, ...waiting.map((event) => ({ id: event.insert_id, sent: event }))].reverse();
}

// An older exposure waits for a retry, or went to a server that has lost it.
const pendingMillis = 10_000;

export function isPending({ sent, stored }: Entry): boolean {
  return !stored && sent !== undefined && Date.now() - sent.time < pendingMillis;
}

/** Each experiment property: before the flag's latest exposure, and now. */
export function changes(flags: string[], stored: StoredEvent[], now: Record<string, unknown>): Change[] {
  const others = Object.keys(now).filter((name) => name.startsWith(prefix));
  const names = new Set([...flags.map((flag) => prefix + flag), ...others]);
  return [...names].map((name) => ({ name, before: before(name, stored), now: now[name] }));
}

function before(name: string, stored: StoredEvent[]): unknown {
  const index = stored.findLastIndex((event) => event.event_type === exposure && propertyOf(event) === name);
  return stored[index - 1]?.user_properties[name];
}

/** The property that an exposure sets or unsets. */
export function propertyOf(event: StoredEvent): string {
  return prefix + String(event.event_properties['[Experiment] Flag Key']);
}

export function assigned(flag: string, stored: StoredEvent[]): unknown {
  const event = stored.findLast(({ event_type }) => event_type === assignment);
  return event?.event_properties[`${prefix}${flag}.variant`];
}

export function exposed(flag: string, stored: StoredEvent[]): StoredEvent | undefined {
  return stored.findLast((event) => event.event_type === exposure && propertyOf(event) === prefix + flag);
}
