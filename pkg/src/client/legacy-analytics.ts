// The deprecated way of telling analytics of exposures: its types, the event it is told, and that it is told once.

import { isolated } from '../runtime/safe-call.js';
import type { ExperimentUser } from '../api/user.js';
import type { Variant } from '../api/variant.js';

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

/** The sources of variants that nobody assigned, with the names that have no source: the core's and the reference's. */
const FALLBACK = /^(fallback|secondary-initial|none|$)/;

/**
 * Tells a provider of variants that were met.
 *
 * Like the reference, but for three things it does wrong: a missing `setUserProperty` or `unsetUserProperty` is not called (it throws, and
 * the event is not tracked), what a method throws does not reach the page, and a flag may be called `constructor` or `__proto__`.
 */
export class LegacyAnalytics {
  /** What was told last, by flag: the value that was set, or `''` when it was unset. */
  private readonly told_ = new Map<string, string>();

  constructor(private readonly provider_: ExperimentAnalyticsProvider) {}

  /**
   * @param variant what was answered
   * @param source where it came from: a name of the reference's `VariantSource`; `''` or `none` when it came from nowhere
   * @param user says who met it, must not throw; asked only when the provider is told
   */
  met(key: string, variant: Variant | undefined, source: string, user: () => ExperimentUser): void {
    const value = variant?.value;
    const told = (!FALLBACK.test(source) && value) || '';
    if (this.told_.get(key) === told) return;
    this.told_.set(key, told);
    const userProperty = `[Experiment] ${key}`;
    const event: ExperimentAnalyticsEvent = {
      name: '[Experiment] Exposure',
      user: user(),
      key,
      variant: variant as Variant,
      userProperty,
      properties: { key, variant: value as string, source: (source === 'none' ? undefined : source) as string },
      userProperties: { [userProperty]: value },
    };
    for (const name of told ? (['setUserProperty', 'track'] as const) : (['unsetUserProperty'] as const)) {
      isolated(() => this.provider_[name]?.(event));
    }
  }
}
