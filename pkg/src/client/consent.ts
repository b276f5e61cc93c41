// What a visitor consented to: its words, and what becomes of what was kept when they change their mind.

import { attempt } from '../runtime/safe-call.js';

/** What the visitor said. The numbers are those of Amplitude's documentation. */
export enum ConsentStatus {
  /** No: nothing is stored, fetched or tracked; what was stored is deleted. `variant` answers fallbacks. */
  REJECTED = 0,
  /** Yes. */
  GRANTED = 1,
  /** Nothing yet: variants are fetched and kept in memory only, exposures wait until the visitor has said yes. */
  PENDING = 2,
}

/** The option `consentOptions`. */
export type ConsentOptions = {
  /** What is known when the page starts. The client keeps it up to date. */
  status: ConsentStatus;
};

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

/** What the names of these records end in. Another instance may have a name that begins like this one's. */
const END = /^((-flags|-variants-options|-exposed)?(-identity)?|[\da-f]{13,}|DEFAULT_USER_PROVIDER)$/;

/** Deletes all that clients of this instance name and key, and of the reference, ever stored. */
export function erase(instanceName: string, apiKey: string): void {
  const own = [`amp-exp-${instanceName}-${apiKey.slice(-6)}`, `EXP_queue_v1_${instanceName}_`, `EXP_unsent_${instanceName}`, `EXP_sent_v3_${instanceName}`, `EXP_${apiKey.slice(0, 10)}_`];
  for (const name of ['localStorage', 'sessionStorage'] as const) {
    try {
      const storage = globalThis[name];
      for (const key of Object.keys(storage)) if (own.some((start) => key.startsWith(start) && END.test(key.slice(start.length)))) storage.removeItem(key);
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
    const name = `EXP_unsent_${instanceName}`;
    const events = JSON.parse(localStorage.getItem(name) ?? '[]');
    localStorage.removeItem(name);
    events.forEach((told: any, at: number) => {
      const { eventType, eventProperties } = told ?? {};
      // The later the later: the core goes by time.
      const time = Date.now() - events.length + at;
      const event = { event_type: eventType, time, insert_id: `${time}`, event_properties: eventProperties };
      if (eventProperties?.flag_key) put(`EXP_queue_v1_${instanceName}_${time}`, JSON.stringify(event), kept);
    });
  } catch {
    // No storage, or nothing that can be read.
  }
}
