// The deprecated way of telling analytics of exposures: a provider and the event it is given.

import type { ExperimentUser } from './user.js';
import type { Variant } from './variant.js';

/** @deprecated Use {@link Exposure}, which an {@link ExposureTrackingProvider} is given. */
export interface ExperimentAnalyticsEvent {
  /** The event's name: `[Experiment] Exposure`. */
  name: string;
  /** The event's properties: the flag's `key`, the `variant`'s value and its `source`. What is not known is `undefined`. */
  properties: Record<string, string>;
  /** The user property to set, by its name. */
  userProperties?: Record<string, unknown>;
  /** Who met the variant. */
  user: ExperimentUser;
  /** The flag's key. */
  key: string;
  /** The variant that was met. `undefined` when there is none, in spite of its type, which is as old as the rest. */
  variant: Variant;
  /** The user property's name: `[Experiment] <key>`. */
  userProperty: string;
}

/**
 * Your side of analytics, as it was before exposures: an object given to the client as `analyticsProvider`. A variant is told once on a page
 * until the flag's variant changes. What a method throws goes to the console; it is not called again for that variant.
 *
 * @deprecated Use {@link ExposureTrackingProvider}.
 */
export interface ExperimentAnalyticsProvider {
  /** Called with a variant that was assigned, after {@link setUserProperty}. */
  track(event: ExperimentAnalyticsEvent): void;
  /** Called with a variant that was assigned: set the user property `event.userProperty` to the variant's value. */
  setUserProperty?(event: ExperimentAnalyticsEvent): void;
  /** Called where a fallback was answered, or a variant without value: unset the user property `event.userProperty`. */
  unsetUserProperty?(event: ExperimentAnalyticsEvent): void;
}
