// The deprecated way of exposures to analytics: a provider, and the event that it is given.

import type { ExperimentUser } from './user.js';
import type { Variant } from './variant.js';

/** @deprecated Use {@link Exposure}, which an {@link ExposureTrackingProvider} is given. */
export interface ExperimentAnalyticsEvent {
  /** The event's name: `[Experiment] Exposure`. */
  name: string;
  /**
   * The event's properties: the flag's `key`, the `variant`'s value and its `source`. An unknown one is
   * `undefined`.
   */
  properties: Record<string, string>;
  /** The user property to set, by its name. */
  userProperties?: Record<string, unknown>;
  /** The user that the variant was shown to. */
  user: ExperimentUser;
  /** The flag's key. */
  key: string;
  /** The variant. `undefined` where there is none, against its type, which is the reference's. */
  variant: Variant;
  /** The user property's name: `[Experiment] <key>`. */
  userProperty: string;
}

/**
 * Your analytics, as the option `analyticsProvider`. The methods are called once on a page for each variant
 * of a flag, and again after it changed. An exception of a method goes to the console; the call is not
 * repeated.
 *
 * @deprecated Use {@link ExposureTrackingProvider}.
 */
export interface ExperimentAnalyticsProvider {
  /** Called for a variant that was assigned, after {@link setUserProperty}. */
  track(event: ExperimentAnalyticsEvent): void;
  /**
   * Called for a variant that was assigned: set the user property `event.userProperty` to the variant's
   * value.
   */
  setUserProperty?(event: ExperimentAnalyticsEvent): void;
  /** Called for a fallback, and for a variant without value: unset the user property `event.userProperty`. */
  unsetUserProperty?(event: ExperimentAnalyticsEvent): void;
}
