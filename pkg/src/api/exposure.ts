// An exposure: a person met a variant. Its shape, the event it becomes, and who is told.

import type { ExperimentError } from './error.js';

/**
 * A person met a variant of a flag. Hand it to your analytics as an event named `$exposure` with this object as its properties: that is all
 * an Amplitude-compatible server needs to turn it into `[Experiment] Exposure` and to set the user property `[Experiment] <flag_key>`.
 */
export type Exposure = {
  /** The flag. */
  flag_key: string;
  /**
   * The variant met. Missing when the person was evaluated and is in no variant: the server then unsets the user property. A value of
   * `initialVariants` that is a boolean or a number in spite of its type comes as it is; the server takes it for its text.
   */
  variant?: string;
  /** The experiment, when the flag runs one. */
  experiment_key?: string;
  /** What evaluation said about the variant. Data for the system, pass it on as it is. */
  metadata?: Record<string, unknown>;
  /** When it happened, in milliseconds since 1970, where it is not sent at once. */
  time?: number;
};

/**
 * The whole event of an exposure: what {@link HttpExposureTrackingProvider} sends, and what a provider of your own can send when its
 * analytics takes ids, time and `insert_id` per event. A retry, a reload and a second tab have the same `insert_id`, so the server stores
 * it once.
 */
export type ExposureEvent = {
  /** `$exposure`; `$impression` for web experiments; or what the flag names in `metadata.exposureEvent`. */
  event_type: string;
  /** The person at the time of the call, not of the delivery. */
  user_id?: string;
  device_id?: string;
  /** When the variant was met: milliseconds since 1970 by the page's clock. */
  time: number;
  /**
   * Lower-case hex. Equal for what is the same exposure: person, flag, experiment, variant, UTC day, and how often they came back to the
   * variant that day from another one.
   */
  insert_id: string;
  event_properties: Exposure;
};

/**
 * Your side of exposure tracking: an object with `track`, given to the client as `exposureTrackingProvider`.
 *
 * ```ts
 * const exposureTrackingProvider = { track: (exposure) => analytics.track('$exposure', exposure) };
 * ```
 *
 * The client calls it once per person, flag, experiment and variant on a page, from within `variant()` (unless
 * `automaticExposureTracking` is off) or `exposure()`.
 */
export interface ExposureTrackingProvider {
  /**
   * Takes an exposure over.
   *
   * @returns nothing, or anything but the following, when it was taken. `false`, a throw or a rejected promise mean that it was not: the
   * client offers it again after 1, 5 and 25 seconds, then gives it up and logs that. A promise that resolves counts when it does.
   */
  track(exposure: Exposure, event: ExposureEvent): unknown;
  /**
   * For a provider that takes exposures over and may give some up later: a client registers here what it does with the error, which is to
   * tell its `on('error')`. Every client of the provider is told.
   *
   * @returns call it to be told no more
   */
  onGivenUp?(listener: (error: ExperimentError) => void): () => void;
}
