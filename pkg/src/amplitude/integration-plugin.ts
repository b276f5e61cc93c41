// Amplitude's analytics SDKs as a client sees them: they say who is there, and take exposures.

import { isolated } from '../runtime/safe-call.js';
import type { Client } from '../api/client.js';
import type { ExperimentConfig } from '../api/config.js';
import type { AnalyticsConnector, Bridge, Identity, IdentityStore } from './analytics-connector.js';
import { ExperimentError } from '../api/error.js';
import type { ExperimentEvent, ExperimentPluginType, IntegrationPlugin } from '../api/plugin.js';
import { clearTimer, setTimer } from '../runtime/platform.js';
import type { ExperimentUser } from '../api/user.js';

/**
 * Takes the user from Amplitude's analytics SDK and hands it the exposures, through the connector that both share.
 * `Experiment.initializeWithAmplitudeAnalytics` adds one to the client it makes.
 *
 * Until the SDK is there, the user is who the SDK stored on an earlier page: in its cookie, in the cookie of older SDKs, in `localStorage` or
 * in `sessionStorage`, asked in this order. What is malformed or blocked counts as not there. Whether somebody opted out of analytics is not
 * looked at: the SDK itself drops the events then.
 */
export class AmplitudeIntegrationPlugin implements IntegrationPlugin {
  readonly type: ExperimentPluginType = 'integration';
  private readonly connector_: AnalyticsConnector;
  private readonly timeoutMillis_: number;
  private readonly ends_: Array<() => void> = [];

  /**
   * @param apiKey the key of the analytics project: the SDK stores who is there under it. With a deployment key (`client-...`) nothing is
   * looked up
   * @param connector what the SDKs of one instance name share
   * @param timeoutMillis how long `setup` waits for somebody, in milliseconds. With 0 or less there is no `setup`
   */
  constructor(apiKey: string | undefined, connector: AnalyticsConnector, timeoutMillis: number) {
    this.connector_ = connector;
    this.timeoutMillis_ = timeoutMillis;
    if (apiKey && !apiKey.startsWith('client-')) restore(apiKey, connector.identityStore);
    if (timeoutMillis <= 0) this.setup = undefined;
  }

  /**
   * Waits until somebody is there. With the option `automaticFetchOnAmplitudeIdentityChange`, variants are fetched from now on whenever the
   * SDK says that something about them changed.
   *
   * @returns resolves when there is somebody, and at {@link teardown}; rejects when there is nobody in time
   */
  async setup?(config?: ExperimentConfig, client?: Client): Promise<void> {
    const { identityStore } = this.connector_;
    if (config?.automaticFetchOnAmplitudeIdentityChange) {
      // A fetch that fails is logged by the client, and nobody waits for this one.
      const again = () => void client?.fetch().catch(() => {});
      identityStore.addIdentityListener(again);
      this.ends_.push(() => identityStore.removeIdentityListener(again));
    }
    const identity = identityStore.getIdentity();
    if (identity.userId || identity.deviceId) return;
    await new Promise<void>((resolve, reject) => {
      const end = () => {
        clearTimer(timer);
        identityStore.removeIdentityListener(end);
        resolve();
      };
      const timer = setTimer(() => {
        reject(new ExperimentError('TIMEOUT', 'no identity in time'));
        end();
      }, this.timeoutMillis_);
      identityStore.addIdentityListener(end);
      this.ends_.push(end);
    });
  }

  getUser(): ExperimentUser {
    const identity = this.connector_.identityStore.getIdentity();
    return {
      user_id: identity.userId,
      device_id: identity.deviceId,
      user_properties: identity.userProperties as ExperimentUser['user_properties'],
      version: this.connector_.applicationContextProvider.versionName,
    };
  }

  /** Hands the event to the SDK. Answers `false` as long as there is none, and when it throws. */
  track({ eventType, eventProperties }: ExperimentEvent): boolean {
    const bridge: Bridge = this.connector_.eventBridge;
    try {
      if (bridge.receiver) bridge.logEvent({ eventType, eventProperties });
      return !!bridge.receiver;
    } catch {
      return false;
    }
  }

  /** Takes every listener and timer away. A `setup` that still waits resolves. */
  async teardown(): Promise<void> {
    for (const end of this.ends_.splice(0)) end();
  }
}

/** Puts who the SDK stored into the connector: the first place that names somebody. A place that throws names nobody. */
function restore(apiKey: string, store: IdentityStore): void {
  const name = `AMP_${apiKey.slice(0, 10)}`;
  const places: Array<() => Identity> = [
    () => JSON.parse(decodeURIComponent(atob(cookie(name)))),
    () => older(cookie(`amp_${apiKey.slice(0, 6)}`)),
    () => JSON.parse(localStorage.getItem(name)!),
    () => JSON.parse(sessionStorage.getItem(name)!),
  ];
  for (const place of places) {
    try {
      const { deviceId, userId } = place();
      if (deviceId || userId) return commit(store, deviceId, userId);
    } catch {
      // Not there, malformed or blocked.
    }
  }
}

function commit(store: IdentityStore, deviceId?: string, userId?: string): void {
  const editor = store.editIdentity();
  if (deviceId) editor.setDeviceId(deviceId);
  if (userId) editor.setUserId(userId);
  isolated(() => editor.commit());
}

/** The last cookie of this name. Throws when there is none. */
function cookie(name: string): string {
  const [value] = `; ${document.cookie}`.split(`; ${name}=`).slice(1).pop()!.split(';');
  return decodeURIComponent(value!);
}

/** `<device id>.<user id>....`, where the user id is the base64 of UTF-8. */
function older(value: string): Identity {
  const [deviceId, userId] = value.split('.');
  return { deviceId, userId: userId && decodeURIComponent(escape(atob(userId))) };
}
