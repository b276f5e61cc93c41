// The options of a client: their types, their documentation, and which part of them crosses into the core.

import type { ExperimentAnalyticsProvider } from './analytics-provider.js';
import type { ConsentOptions } from './consent.js';
import type { ExposureTrackingProvider } from './exposure.js';
import { LogLevel, type Logger } from './logger.js';
import { entriesOf, type Lost, toText } from '../runtime/json.js';
import type { HttpClient } from './http-client.js';
import type { ExperimentUserProvider } from './user.js';
import type { Source, Variant, Variants } from './variant.js';

/** The options of a client. What is missing, `null` or of another type gets its default. */
export interface ExperimentConfig {
  /** @deprecated Use `logLevel`. `true` means `LogLevel.Debug`. */
  debug?: boolean;
  /** How much is logged. Default: `LogLevel.Error`. */
  logLevel?: LogLevel;
  /** Where messages go. Default: the console. */
  loggerProvider?: Logger;
  /** Tells clients of one page apart; `initialize` answers the same client for the same name and key. Default: `$default_instance`. */
  instanceName?: string;
  /** The answer when nothing else is known, for every flag. Default: none, which answers an empty variant. */
  fallbackVariant?: Variant | string;
  /** Variants to start with, by flag key, for instance those a server evaluated while it rendered the page. */
  initialVariants?: Variants | Record<string, string | Variant>;
  /** Flags to start with: the JSON text of an array of flag configurations. Stored flags of the same key win. */
  initialFlags?: string;
  /** Which variants are asked first. Default: `Source.LocalStorage`. */
  source?: Source | `${Source}`;
  /** The origin that variants are fetched from. Default: Amplitude's, by `serverZone`. An empty one is an error, and nobody is asked. */
  serverUrl?: string;
  /** The origin that flags are fetched from. Default: Amplitude's, by `serverZone`. An empty one is an error, and nobody is asked. */
  flagsServerUrl?: string;
  /** `US` or `EU`: which of Amplitude's data centres is asked. Default: `US`. */
  serverZone?: string;
  /** After how many milliseconds a request is given up. Default: 10,000. */
  fetchTimeoutMillis?: number;
  /** Whether a failed fetch is tried again in the background: up to 8 times, never after a refusal (4xx but 429). Default: `true`. */
  retryFetchOnFailure?: boolean;
  /** Whether `start` and `fetch` reject when their request fails. Default: `false`, they resolve. */
  throwOnError?: boolean;
  /** Whether `variant` tells the exposure tracking provider. Default: `true`. */
  automaticExposureTracking?: boolean;
  /** Whether `start` goes on polling for flags. Default: `true`. */
  pollOnStart?: boolean;
  /** How often flags are polled, in milliseconds. Default: 300,000; at least 60,000. */
  flagConfigPollingIntervalMillis?: number;
  /** Whether `start` fetches variants. Default: `true`. */
  fetchOnStart?: boolean;
  /** Says who the user is, where the page does not. */
  userProvider?: ExperimentUserProvider;
  /**
   * Whether variants are fetched whenever Amplitude's analytics SDK says that the user, the device or a user property changed. Default:
   * `false`. Only with `initializeWithAmplitudeAnalytics`.
   */
  automaticFetchOnAmplitudeIdentityChange?: boolean;
  /** @deprecated Use `exposureTrackingProvider`. */
  analyticsProvider?: ExperimentAnalyticsProvider;
  /** What the visitor consented to. Default: `GRANTED`. Changed with `setConsentStatus`. */
  consentOptions?: ConsentOptions;
  /** Who is told of exposures: your analytics, or {@link HttpExposureTrackingProvider}. Without one nobody is. */
  exposureTrackingProvider?: ExposureTrackingProvider | ExposureTrackingProvider['track'];
  /** Sends the requests in place of the page's `fetch`. */
  httpClient?: HttpClient;
}

/** Options that are objects with methods: they stay here and are called from the core. And a text that is long enough to go by itself. */
const APART = /Provider$|^(?:httpClient|consentOptions|initialFlags)$/;

/** A copy of the options that can be read without fear, without those that are `null` or missing. */
export function copyOptions(config: unknown): ExperimentConfig {
  return Object.fromEntries(entriesOf(config).filter(([, value]) => value != null));
}

/** The plain options as JSON text. */
export function plainOptions(options: ExperimentConfig, lost: Lost): string {
  return toText(Object.fromEntries(Object.entries(options).filter(([name]) => !APART.test(name))), lost, 'config') ?? '{}';
}

/** How much the options want logged. */
export function levelOf({ debug, logLevel }: ExperimentConfig): LogLevel {
  return debug === true ? LogLevel.Debug : (logLevel ?? LogLevel.Error);
}
