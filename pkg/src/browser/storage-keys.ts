// The keys under which a client's data is in the browser's storage, as far as code outside the core knows them. The core has a copy of those that it
// writes: tests/storage-keys.test.mjs holds the two together.

/** Variants. The keys of flags, options and the exposures of the day begin with this one. */
export const variantsKey = (instanceName: string, apiKey: string): string =>
  `amp-exp-${instanceName}-${apiKey.slice(-6)}`;

/** An exposure that waits for a plugin: its id follows. */
export const queueKey = (instanceName: string): string => `EXP_queue_v1_${instanceName}_`;

/** What a plugin took in this tab. */
export const sentKey = (instanceName: string): string => `EXP_sent_v3_${instanceName}`;

/** The events that wait for a plugin in the reference: a list. */
export const unsentKey = (instanceName: string): string => `EXP_unsent_${instanceName}`;

/** When the visitor was first seen and, in `sessionStorage`, where they landed. */
export const visitorKey = (apiKey: string): string => `EXP_${apiKey.slice(0, 10)}_DEFAULT_USER_PROVIDER`;

/** What may follow one of these in a key of the same client. Another instance may have a name that begins like this one's. */
export const KEY_ENDING = /^((-flags|-variants-options|-exposed)?(-identity)?|[\da-f]{13,})$/;
