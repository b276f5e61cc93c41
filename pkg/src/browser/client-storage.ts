// Changes of a client's data in the browser's storage: when the visitor's consent changes, and when a page
// comes from the reference.

import { attempt } from '../runtime/safe-call.js';
import { KEY_ENDING, queueKey, sentKey, unsentKey, variantsKey, visitorKey } from './storage-keys.js';

/**
 * How the keys of a client's own data start. Other surviving texts belong in memory, or the core stores
 * them itself.
 */
const STORED = 'amp-exp-';

/** Stores what was kept in memory without consent. */
export function storeSurviving(survivingTexts: Map<string, string>): void {
  for (const [key, text] of survivingTexts) if (key.startsWith(STORED)) put(key, text, survivingTexts);
}

function put(key: string, text: string, survivingTexts: Map<string, string>): void {
  try {
    localStorage.setItem(key, text);
  } catch {
    // Full or blocked: it stays in memory. An older text, whose mark is gone or not its own, must not stay in
    // storage.
    survivingTexts.set(key, text);
    attempt(() => localStorage.removeItem(key.replace('-identity', '')));
  }
}

/** Deletes everything that clients of this instance name and key, and those of the reference, ever stored. */
export function eraseStored(instanceName: string, apiKey: string): void {
  const own = [
    variantsKey(instanceName, apiKey),
    queueKey(instanceName),
    unsentKey(instanceName),
    sentKey(instanceName),
    visitorKey(apiKey),
  ];
  for (const name of ['localStorage', 'sessionStorage'] as const) {
    try {
      const storage = globalThis[name];
      for (const key of Object.keys(storage))
        if (own.some((start) => key.startsWith(start) && KEY_ENDING.test(key.slice(start.length))))
          storage.removeItem(key);
    } catch {
      // Without storage nothing is stored.
    }
  }
}

/**
 * Moves the events that wait for a plugin in the reference to where the core reads them.
 *
 * @param survivingTexts gets those that storage has no room for
 */
export function importUnsent(instanceName: string, survivingTexts: Map<string, string>): void {
  try {
    const name = unsentKey(instanceName);
    const events = JSON.parse(localStorage.getItem(name) ?? '[]');
    localStorage.removeItem(name);
    events.forEach((unsent: any, index: number) => {
      const { eventType, eventProperties } = unsent ?? {};
      // In order: the core sorts by time.
      const time = Date.now() - events.length + index;
      const event = { event_type: eventType, time, insert_id: `${time}`, event_properties: eventProperties };
      if (eventProperties?.flag_key)
        put(queueKey(instanceName) + time, JSON.stringify(event), survivingTexts);
    });
  } catch {
    // No storage, or no list of events.
  }
}
