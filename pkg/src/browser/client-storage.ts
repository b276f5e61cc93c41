// What becomes of a client's data in the browser's storage when the visitor's consent changes, and when a page changes over from the reference.

import { attempt } from '../runtime/safe-call.js';
import { KEY_ENDING, queueKey, sentKey, unsentKey, variantsKey, visitorKey } from './storage-keys.js';

/** What the core keeps of a client's own in a browser's storage. What else is in its map is the page's, or it writes it itself. */
const STORED = 'amp-exp-';

/** Writes what was kept in memory where it would have been all along. */
export function store(kept: Map<string, string>): void {
  for (const [key, text] of kept) if (key.startsWith(STORED)) put(key, text, kept);
}

function put(key: string, text: string, kept: Map<string, string>): void {
  try {
    localStorage.setItem(key, text);
  } catch {
    // Full or blocked: it stays in memory. What is there still, without its own mark, would be anybody's.
    kept.set(key, text);
    attempt(() => localStorage.removeItem(key.replace('-identity', '')));
  }
}

/** Deletes all that clients of this instance name and key, and of the reference, ever stored. */
export function erase(instanceName: string, apiKey: string): void {
  const own = [variantsKey(instanceName, apiKey), queueKey(instanceName), unsentKey(instanceName), sentKey(instanceName), visitorKey(apiKey)];
  for (const name of ['localStorage', 'sessionStorage'] as const) {
    try {
      const storage = globalThis[name];
      for (const key of Object.keys(storage)) if (own.some((start) => key.startsWith(start) && KEY_ENDING.test(key.slice(start.length)))) storage.removeItem(key);
    } catch {
      // No storage, nothing stored.
    }
  }
}

/**
 * The events that the reference let wait for a plugin, put where the core looks for them. They are handed over once. `kept`: takes those that
 * storage has no room for.
 */
export function takeOver(instanceName: string, kept: Map<string, string>): void {
  try {
    const name = unsentKey(instanceName);
    const events = JSON.parse(localStorage.getItem(name) ?? '[]');
    localStorage.removeItem(name);
    events.forEach((told: any, at: number) => {
      const { eventType, eventProperties } = told ?? {};
      // The later the later: the core goes by time.
      const time = Date.now() - events.length + at;
      const event = { event_type: eventType, time, insert_id: `${time}`, event_properties: eventProperties };
      if (eventProperties?.flag_key) put(queueKey(instanceName) + time, JSON.stringify(event), kept);
    });
  } catch {
    // No storage, or nothing that can be read.
  }
}
