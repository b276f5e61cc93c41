// What the clients and deliveries of the core are built from. It survives the instances.

import type { ExperimentError, ExperimentErrorCode } from '../api/error.js';
import type { Exposure, ExposureTrackingProvider } from '../api/exposure.js';
import type { HttpClient } from '../api/http-client.js';
import type { PendingRequest } from './pending-request.js';

/** What a client is built from, at page load and again after a trap. It survives the instances. */
export interface ClientInit {
  readonly apiKey: string;
  /** The options as JSON text, without the flags. */
  readonly config: string;
  readonly initialFlags?: string;
  /** Whether consent is not given yet: the core stores nothing and tracks nothing. */
  awaitsConsent: boolean;
  exposureTrackingProvider?: ExposureTrackingProvider | ExposureTrackingProvider['track'];
  /** The integration plugin, in the form of a provider. */
  plugin?: ExposureTrackingProvider;
  httpClient?: HttpClient;
  /**
   * Texts that survive a trap, by their storage keys. The core writes them, and reads them before storage.
   */
  readonly survivingTexts_: Map<string, string>;
  /** The calls that are not settled. */
  readonly pending: Set<PendingRequest>;
  /** With `BAD_ARGUMENT`, `sentence` is the path of the field. `more` as in {@link PendingRequest.reject}. */
  log(level: number, sentence: string, code?: ExperimentErrorCode, more?: unknown): void;
  /** Reports an error that no call returns. */
  fail(error: ExperimentError): void;
  notify(kind: 'variants' | 'flags' | 'user'): void;
  notify(kind: 'exposure', exposure: Exposure): void;
  /** An exposure was given up. `cause`: the last exception of the provider, if there was one. */
  notify(kind: 'error', code: ExperimentErrorCode, cause?: unknown): void;
}

/** What a delivery is built from. */
export interface DeliveryInit {
  apiKey: string;
  serverUrl: string;
  survivingTexts_: Map<string, string>;
  log: ClientInit['log'];
  notify: ClientInit['notify'];
}
