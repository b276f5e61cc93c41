// The options of a client, and which of them cross to the core.

import { type OnUnusable, readableEntries, toJson } from '../runtime/json.js';
import type { ExperimentAnalyticsProvider } from './analytics-provider.js';
import type { ConsentOptions } from './consent.js';
import type { ExposureTrackingProvider } from './exposure.js';
import type { HttpClient } from './http-client.js';
import { type Logger, LogLevel } from './logger.js';
import type { ExperimentUserProvider } from './user.js';
import type { Source, Variant, Variants } from './variant.js';

/** The options of a client. An option that is missing, `null` or of another type has its default. */
export interface ExperimentConfig {
  /** @deprecated Use `logLevel`. `true` means `LogLevel.Debug`. */
  debug?: boolean;
  /** The level up to which messages are logged. Default: `LogLevel.Error`. */
  logLevel?: LogLevel;
  /** Gets the messages. Default: the console. */
  loggerProvider?: Logger;
  /**
   * The name of the client: `initialize` returns the same client for the same name and key. Default:
   * `$default_instance`.
   */
  instanceName?: string;
  /** The answer where there is no other, for every flag. Default: an empty variant. */
  fallbackVariant?: Variant | string;
  /**
   * Variants to start with, by flag key, for instance from a server that evaluated them when it rendered the
   * page.
   */
  initialVariants?: Variants | Record<string, string | Variant>;
  /**
   * Flags to start with: the JSON text of an array of flag configurations. Stored flags of the same key take
   * precedence.
   */
  initialFlags?: string;
  /** Which variants take precedence. Default: `Source.LocalStorage`. */
  source?: Source | `${Source}`;
  /**
   * The origin of the server of variants. Default: Amplitude's, by `serverZone`. An empty one is an error,
   * and no request is sent.
   */
  serverUrl?: string;
  /**
   * The origin of the server of flags. Default: Amplitude's, by `serverZone`. An empty one is an error, and
   * no request is sent.
   */
  flagsServerUrl?: string;
  /** Amplitude's data centre: `US` or `EU`. Default: `US`. */
  serverZone?: string;
  /** The time limit of a request, in milliseconds. Default: 10,000. */
  fetchTimeoutMillis?: number;
  /**
   * Whether a failed fetch is retried in the background: up to 8 times, not after a status of 4xx other than
   * 429. Default: `true`.
   */
  retryFetchOnFailure?: boolean;
  /** Whether `start` and `fetch` reject when their request fails. Default: `false`: they resolve. */
  throwOnError?: boolean;
  /** Whether `variant` tracks the exposure. Default: `true`. */
  automaticExposureTracking?: boolean;
  /** Whether `start` polls for flags. Default: `true`. */
  pollOnStart?: boolean;
  /** The interval of polling for flags, in milliseconds. Default: 300,000; at least 60,000. */
  flagConfigPollingIntervalMillis?: number;
  /** Whether `start` fetches variants. Default: `true`. */
  fetchOnStart?: boolean;
  /** Gives the fields of the user that the page does not set. */
  userProvider?: ExperimentUserProvider;
  /**
   * Whether variants are fetched after each change of user, device or user properties in Amplitude's
   * analytics SDK. Default: `false`. Only with `initializeWithAmplitudeAnalytics`.
   */
  automaticFetchOnAmplitudeIdentityChange?: boolean;
  /** @deprecated Use `exposureTrackingProvider`. */
  analyticsProvider?: ExperimentAnalyticsProvider;
  /** What the visitor consented to. Default: `GRANTED`. Changed with `setConsentStatus`. */
  consentOptions?: ConsentOptions;
  /**
   * Tracks exposures: your analytics, or {@link HttpExposureTrackingProvider}. Default: none, exposures are
   * not tracked.
   */
  exposureTrackingProvider?: ExposureTrackingProvider | ExposureTrackingProvider['track'];
  /** Sends the requests. Default: the page's `fetch`. */
  httpClient?: HttpClient;
}

/**
 * Options that are not in the JSON of the others: objects with methods, and a long text, which crosses by
 * itself.
 */
const APART = /Provider$|^(?:httpClient|consentOptions|initialFlags)$/;

/** A copy of the options that are set. Reading it cannot throw. */
export function copyOptions(config: unknown): ExperimentConfig {
  return Object.fromEntries(readableEntries(config).filter(([, value]) => value != null));
}

/** The options as JSON text for the core. */
export function plainOptions(options: ExperimentConfig, lost: OnUnusable): string {
  return (
    toJson(
      Object.fromEntries(Object.entries(options).filter(([name]) => !APART.test(name))),
      lost,
      'config',
    ) ?? '{}'
  );
}

/** The level up to which messages are logged. */
export function levelOf({ debug, logLevel }: ExperimentConfig): LogLevel {
  return debug === true ? LogLevel.Debug : (logLevel ?? LogLevel.Error);
}
