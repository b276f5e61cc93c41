// The integration plugin of Amplitude's analytics SDK: it gives the user, and takes exposures.

import type { Client } from '../api/client.js';
import type { ExperimentConfig } from '../api/config.js';
import { ExperimentError } from '../api/error.js';
import type { ExperimentEvent, ExperimentPluginType, IntegrationPlugin } from '../api/plugin.js';
import type { ExperimentUser } from '../api/user.js';
import { clearTimer, setTimer } from '../runtime/platform.js';
import { callSafely } from '../runtime/safe-call.js';
import type { AnalyticsConnector, Bridge, Identity, IdentityStore } from './analytics-connector.js';

/**
 * Takes the user from Amplitude's analytics SDK and gives it the exposures, through the connector that both
 * share. `Experiment.initializeWithAmplitudeAnalytics` adds one to the client.
 *
 * Until the SDK is loaded, the user is the one that it stored on an earlier page: in its cookie, in the
 * cookie of older SDKs, in `localStorage` or in `sessionStorage`, in this order. A malformed or blocked
 * source is skipped. An opt-out of analytics makes no difference here: the SDK itself drops the events.
 */
export class AmplitudeIntegrationPlugin implements IntegrationPlugin {
  readonly type: ExperimentPluginType = 'integration';
  private readonly connector_: AnalyticsConnector;
  private readonly timeoutMillis_: number;
  private readonly cleanups_: Array<() => void> = [];

  /**
   * @param apiKey the key of the analytics project, under which the SDK stores the identity. With a
   * deployment key (`client-...`) stored identities are not read
   * @param connector the connector of the SDKs of one instance name
   * @param timeoutMillis how long `setup` waits for an identity, in milliseconds. With 0 or less there is no
   * `setup`
   */
  constructor(apiKey: string | undefined, connector: AnalyticsConnector, timeoutMillis: number) {
    this.connector_ = connector;
    this.timeoutMillis_ = timeoutMillis;
    if (apiKey && !apiKey.startsWith('client-')) restoreIdentity(apiKey, connector.identityStore);
    if (timeoutMillis <= 0) this.setup = undefined;
  }

  /**
   * Waits for an identity. With the option `automaticFetchOnAmplitudeIdentityChange`, variants are fetched
   * after each change of identity in the SDK from now on.
   *
   * @returns a promise that resolves with an identity, and at {@link teardown}. It rejects with an {@link
   * ExperimentError} `TIMEOUT` when there is no identity in time
   */
  async setup?(config?: ExperimentConfig, client?: Client): Promise<void> {
    const { identityStore } = this.connector_;
    if (config?.automaticFetchOnAmplitudeIdentityChange) {
      // The client logs a fetch that fails.
      const again = () => void client?.fetch().catch(() => {});
      identityStore.addIdentityListener(again);
      this.cleanups_.push(() => identityStore.removeIdentityListener(again));
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
      this.cleanups_.push(end);
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

  /** Gives the event to the SDK. Returns `false` as long as there is none, and when it throws. */
  track({ eventType, eventProperties }: ExperimentEvent): boolean {
    const bridge: Bridge = this.connector_.eventBridge;
    try {
      if (bridge.receiver) bridge.logEvent({ eventType, eventProperties });
      return !!bridge.receiver;
    } catch {
      return false;
    }
  }

  /** Removes all listeners and timers. A `setup` that still waits resolves. */
  async teardown(): Promise<void> {
    for (const end of this.cleanups_.splice(0)) end();
  }
}

/**
 * Gives the connector the identity that the SDK stored: that of the first source that has one. A source that
 * throws has none.
 */
function restoreIdentity(apiKey: string, store: IdentityStore): void {
  const name = `AMP_${apiKey.slice(0, 10)}`;
  const sources: Array<() => Identity> = [
    () => JSON.parse(decodeURIComponent(atob(cookie(name)))),
    () => parseOldCookie(cookie(`amp_${apiKey.slice(0, 6)}`)),
    () => JSON.parse(localStorage.getItem(name)!),
    () => JSON.parse(sessionStorage.getItem(name)!),
  ];
  for (const source of sources) {
    try {
      const { deviceId, userId } = source();
      if (deviceId || userId) return commitIdentity(store, deviceId, userId);
    } catch {
      // Missing, malformed or blocked.
    }
  }
}

function commitIdentity(store: IdentityStore, deviceId?: string, userId?: string): void {
  const editor = store.editIdentity();
  if (deviceId) editor.setDeviceId(deviceId);
  if (userId) editor.setUserId(userId);
  callSafely(() => editor.commit());
}

/** The last cookie of this name. @throws where there is none */
function cookie(name: string): string {
  const [value] = `; ${document.cookie}`.split(`; ${name}=`).slice(1).pop()!.split(';');
  return decodeURIComponent(value!);
}

/** The cookie of older SDKs: `<device id>.<user id>....`, where the user id is the base64 of UTF-8. */
function parseOldCookie(value: string): Identity {
  const [deviceId, userId] = value.split('.');
  return { deviceId, userId: userId && decodeURIComponent(escape(atob(userId))) };
}
