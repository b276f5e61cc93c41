// The keys of a client's data in the browser's storage, for the code outside the core. The core has those
// that it writes in src/storage/keys.rs: tests/storage-keys.test.mjs compares them.

/** Variants. The keys of flags, options and the exposures of the day begin with this one. */
export const variantsKey = (instanceName: string, apiKey: string): string =>
  `amp-exp-${instanceName}-${apiKey.slice(-6)}`;

/** The start of the key of an exposure that waits for a plugin. */
export const queueKey = (instanceName: string): string => `EXP_queue_v1_${instanceName}_`;

/** In `sessionStorage`: the variants that a plugin took in this tab. */
export const sentKey = (instanceName: string): string => `EXP_sent_v3_${instanceName}`;

/** The reference's list of events that wait for a plugin. */
export const unsentKey = (instanceName: string): string => `EXP_unsent_${instanceName}`;

/** When the visitor was first seen; in `sessionStorage`, the page where the visit began. */
export const visitorKey = (apiKey: string): string => `EXP_${apiKey.slice(0, 10)}_DEFAULT_USER_PROVIDER`;

/**
 * What may follow in a key of the same client. Other endings are those of an instance whose name begins
 * alike.
 */
export const KEY_ENDING = /^((-flags|-variants-options|-exposed)?(-identity)?|[\da-f]{13,})$/;
