// The interface of a plugin, which gives the user and takes exposures, in the place of the two providers.

import type { Client } from './client.js';
import type { ExperimentConfig } from './config.js';
import type { ExposureEvent } from './exposure.js';
import type { ExperimentUser } from './user.js';

/** The types of plugins: there is one. */
export type ExperimentPluginType = 'integration';

/** What all plugins have. A plugin of another `type` is ignored. */
export interface ExperimentPlugin {
  name?: string;
  type?: ExperimentPluginType;
  /**
   * Called once, when the plugin is added. Until the promise settles, fetches wait and events are kept. After
   * a rejection the plugin is used as well.
   */
  setup?(config: ExperimentConfig, client: Client): Promise<void>;
  /**
   * Called when another plugin replaces this one, and when the client is closed. The client does not wait for
   * the promise.
   */
  teardown?(): Promise<void>;
}

/** An event for a plugin to send. */
export type ExperimentEvent = {
  /** `$exposure`; `$impression` for web experiments; or what the flag names in `metadata.exposureEvent`. */
  eventType: string;
  /** The exposure; see {@link Exposure}. */
  eventProperties?: Record<string, unknown>;
};

/** The integration of an analytics SDK, for `client.addPlugin`. A client has one: the last that was added. */
export interface IntegrationPlugin extends ExperimentPlugin {
  type: 'integration';
  /**
   * The user that the SDK knows. Fields that the page set take precedence over these, and these over the user
   * provider's.
   */
  getUser(): ExperimentUser;
  /**
   * Takes an event.
   *
   * @returns `true` when the SDK took it. With `false` or an exception the SDK is not ready: the event is
   * kept, and offered again each second, in order. 512 events are kept; of more the oldest is dropped and
   * counted, or the second oldest if the oldest is just being offered (to a plugin whose `track` asks the
   * client for variants).
   */
  track(event: ExperimentEvent): boolean;
}

/**
 * An event that is older carries its time, in milliseconds; for a younger one the SDK's own time is right.
 */
const LATE_MS = 1_000;

/** The event of an exposure, in the form for a plugin. */
export function toPluginEvent({ event_type, event_properties, time }: ExposureEvent): ExperimentEvent {
  const isLate = Date.now() - time > LATE_MS;
  return {
    eventType: event_type,
    eventProperties: isLate ? { ...event_properties, time } : event_properties,
  };
}
