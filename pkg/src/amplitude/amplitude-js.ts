// The deprecated providers for amplitude-js, the analytics SDK before analytics-browser.

import type { ExperimentAnalyticsEvent, ExperimentAnalyticsProvider } from '../api/analytics-provider.js';
import type { ExperimentUser, ExperimentUserProvider } from '../api/user.js';

/** The part of amplitude-js that the providers use. */
type AmplitudeInstance = {
  options?: {
    deviceId?: string;
    userId?: string;
    versionName?: string;
    language?: string;
    platform?: string;
  };
  _ua?: { browser?: { name?: string; major?: string }; os?: { name?: string } };
  logEvent(eventName: string, properties: Record<string, string>): void;
  setUserProperties(userProperties: Record<string, unknown>): void;
  identify(identify: { set(property: string, value: unknown): void; unset(property: string): void }): void;
};

/**
 * @deprecated Use amplitude-js 8.17.0 or later, or analytics-browser, with
 * `Experiment.initializeWithAmplitudeAnalytics`.
 */
export class AmplitudeUserProvider implements ExperimentUserProvider {
  private readonly amplitude_: AmplitudeInstance;

  constructor(amplitudeInstance: AmplitudeInstance) {
    this.amplitude_ = amplitudeInstance;
  }

  getUser(): ExperimentUser {
    const options = this.amplitude_?.options;
    const _ua = this.amplitude_?._ua;
    return {
      device_id: options?.deviceId,
      user_id: options?.userId,
      version: options?.versionName,
      language: options?.language,
      platform: options?.platform,
      os: [_ua?.browser?.name, _ua?.browser?.major].join(' ').trim(),
      device_model: _ua?.os?.name,
    };
  }
}

/**
 * @deprecated Use amplitude-js 8.17.0 or later, or analytics-browser, with
 * `Experiment.initializeWithAmplitudeAnalytics`.
 */
export class AmplitudeAnalyticsProvider implements ExperimentAnalyticsProvider {
  private readonly amplitude_: AmplitudeInstance;

  constructor(amplitudeInstance: AmplitudeInstance) {
    this.amplitude_ = amplitudeInstance;
  }

  track(event: ExperimentAnalyticsEvent): void {
    this.amplitude_.logEvent(event.name, event.properties);
  }

  setUserProperty(event: ExperimentAnalyticsEvent): void {
    this.amplitude_.setUserProperties({ [event.userProperty]: event.variant?.value });
  }

  /** amplitude-js has no method for it. This sends what its `identify` sends. */
  unsetUserProperty(event: ExperimentAnalyticsEvent): void {
    (this.amplitude_ as any)._logEvent('$identify', null, null, { $unset: { [event.userProperty]: '-' } });
  }
}
