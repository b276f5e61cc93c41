// Tells a deprecated analytics provider of exposures, once each.

import type { ExperimentAnalyticsEvent, ExperimentAnalyticsProvider } from '../api/analytics-provider.js';
import type { ExperimentUser } from '../api/user.js';
import type { Variant } from '../api/variant.js';
import { callSafely } from '../runtime/safe-call.js';

/**
 * The sources of variants that were not assigned, by the names of the core and of the reference; and no
 * source.
 */
const FALLBACK = /^(fallback|secondary-initial|none|$)/;

/**
 * Calls a deprecated analytics provider for each exposure, once.
 *
 * Like the reference, with three faults corrected: a missing `setUserProperty` or `unsetUserProperty` is
 * skipped (there it throws, and the event is not tracked), exceptions of a method do not reach the page, and
 * a flag's key may be `constructor` or `__proto__`.
 */
export class LegacyAnalytics {
  /** What was sent last, by flag: the value that was set, or `''` when it was unset. */
  private readonly sent_ = new Map<string, string>();

  constructor(private readonly provider_: ExperimentAnalyticsProvider) {}

  /**
   * @param key the flag's key
   * @param variant the variant that was answered
   * @param source a name of the reference's `VariantSource`; `''` or `none` for no source
   * @param user gives the user, only where the provider is called; must not throw
   */
  track(key: string, variant: Variant | undefined, source: string, user: () => ExperimentUser): void {
    const value = variant?.value;
    const sent = (!FALLBACK.test(source) && value) || '';
    if (this.sent_.get(key) === sent) return;
    this.sent_.set(key, sent);
    const userProperty = `[Experiment] ${key}`;
    const event: ExperimentAnalyticsEvent = {
      name: '[Experiment] Exposure',
      user: user(),
      key,
      variant: variant as Variant,
      userProperty,
      properties: {
        key,
        variant: value as string,
        source: (source === 'none' ? undefined : source) as string,
      },
      userProperties: { [userProperty]: value },
    };
    for (const name of sent ? (['setUserProperty', 'track'] as const) : (['unsetUserProperty'] as const)) {
      callSafely(() => this.provider_[name]?.(event));
    }
  }
}
