// What a plugin looks like: it says who is there and takes exposures over, in the place of the two providers.

import type { Client } from './client.js';
import type { ExperimentConfig } from './config.js';
import type { ExposureEvent } from './exposure.js';
import type { ExperimentUser } from './user.js';

/** The kinds of plugins. There is one. */
export type ExperimentPluginType = 'integration';

/** What every plugin has. A plugin of no known `type` is not used. */
export interface ExperimentPlugin {
  name?: string;
  type?: ExperimentPluginType;
  /**
   * Called once, when the plugin is added. Until the promise settles, fetches wait and events are kept. A rejection is no failure: it means
   * that there is nothing more to wait for, and the plugin is used as it is.
   */
  setup?(config: ExperimentConfig, client: Client): Promise<void>;
  /** Called when another plugin takes this one's place, and when the client is closed. Nobody waits for the promise. */
  teardown?(): Promise<void>;
}

/** What a plugin is asked to send. */
export type ExperimentEvent = {
  /** `$exposure`; `$impression` for web experiments; or what the flag names in `metadata.exposureEvent`. */
  eventType: string;
  /** The exposure; see {@link Exposure}. */
  eventProperties?: Record<string, unknown>;
};

/** An analytics SDK as a client sees it. Add it with `client.addPlugin`; a client has one, the last that was added. */
export interface IntegrationPlugin extends ExperimentPlugin {
  type: 'integration';
  /** Who is there, as far as the SDK knows. What the page set with `setUser` wins, then this, then the user provider. */
  getUser(): ExperimentUser;
  /**
   * Takes an event over.
   *
   * @returns `true` when it was taken. `false` or a throw mean that the SDK is not ready: the event is kept and tried again each second, after
   * those that came before it. 512 are kept; of more the oldest is dropped, and counted, unless it is just being handed over (a plugin whose
   * `track` asks the client for variants): then the one after it.
   */
  track(event: ExperimentEvent): boolean;
}

/** After how many milliseconds an event says itself when it happened: analytics that take it at once stamp it themselves. */
const LATE_MS = 1_000;

/** An exposure as a plugin is given it. */
export function asked({ event_type, event_properties, time }: ExposureEvent): ExperimentEvent {
  const isLate = Date.now() - time > LATE_MS;
  return { eventType: event_type, eventProperties: isLate ? { ...event_properties, time } : event_properties };
}
