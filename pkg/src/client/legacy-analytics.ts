// Tells a deprecated analytics provider of exposures, once each.

import { isolated } from '../runtime/safe-call.js';
import type { ExperimentAnalyticsEvent, ExperimentAnalyticsProvider } from '../api/analytics-provider.js';
import type { ExperimentUser } from '../api/user.js';
import type { Variant } from '../api/variant.js';

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
