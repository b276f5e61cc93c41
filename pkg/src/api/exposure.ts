// An exposure: a user was shown a variant. Its shape, its event, and the provider that tracks it.

import type { ExperimentError } from './error.js';

/**
 * A user was shown a variant of a flag. Track it in your analytics as an event named `$exposure` with this
 * object as its properties: from that an Amplitude-compatible server makes `[Experiment] Exposure` and the
 * user property `[Experiment] <flag_key>`.
 */
export type Exposure = {
  /** The flag's key. */
  flag_key: string;
  /**
   * The variant. Missing when the user was evaluated and is in no variant: the server then unsets the user
   * property. A value of `initialVariants` that is a boolean or a number, against its type, stays one; the
   * server reads it as text.
   */
  variant?: string;
  /** The experiment's key, where the flag has an experiment. */
  experiment_key?: string;
  /** What evaluation says about the variant. Pass it on as it is. */
  metadata?: Record<string, unknown>;
  /** The time of the exposure, in milliseconds since 1970, where it is not sent at once. */
  time?: number;
};

/**
 * The whole event of an exposure: {@link HttpExposureTrackingProvider} sends it, and your provider can, if
 * its analytics takes ids, time and `insert_id` with an event. A retry, a reload and a second tab have the
 * same `insert_id`, so the server stores the event once.
 */
export type ExposureEvent = {
  /** `$exposure`; `$impression` for web experiments; or what the flag names in `metadata.exposureEvent`. */
  event_type: string;
  /** The user at the time of the exposure, not of the delivery. */
  user_id?: string;
  device_id?: string;
  /** The time of the exposure: milliseconds since 1970, by the page's clock. */
  time: number;
  /**
   * Lower-case hex. Equal for equal exposures: of the same user, flag, experiment, variant and UTC day, and
   * of the same number of returns to the variant from another one on that day.
   */
  insert_id: string;
  event_properties: Exposure;
};

/**
 * Tracks exposures in your analytics: an object with `track`, for the option `exposureTrackingProvider`.
 *
 * ```ts
 * const exposureTrackingProvider = { track: (exposure) => analytics.track('$exposure', exposure) };
 * ```
 *
 * The client calls it once per user, flag, experiment and variant on a page, from within `exposure()` and,
 * unless `automaticExposureTracking` is off, `variant()`.
 */
export interface ExposureTrackingProvider {
  /**
   * Takes an exposure.
   *
   * @returns `false`, an exception or a rejected promise when it was not taken: the client offers it again
   * after 1, 5 and 25 seconds, then gives it up and logs that. Anything else when it was taken; a promise
   * counts when it resolves.
   */
  track(exposure: Exposure, event: ExposureEvent): unknown;
  /**
   * For a provider that may give up exposures later: each of its clients adds a listener here, which passes
   * the error to `on('error')`.
   *
   * @returns a function that removes the listener
   */
  onGivenUp?(listener: (error: ExperimentError) => void): () => void;
}
