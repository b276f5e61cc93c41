// Makes clients: one per instance name and key, the same one at every call.

import { AmplitudeIntegrationPlugin } from './amplitude/integration-plugin.js';
import { ExperimentClient } from './client/experiment-client.js';
import { copyOptions, type ExperimentConfig } from './api/config.js';
import { analyticsConnector } from './amplitude/analytics-connector.js';
import { ConsentStatus } from './api/consent.js';
import { DefaultUserProvider } from './browser/default-user-provider.js';
import { find } from './client/registry.js';

/** How long a client waits for Amplitude's analytics SDK to say who is there, in milliseconds: the reference's number. */
const IDENTITY_MILLIS = 10_000;

/**
 * The client for this key and `instanceName`: made at the first call, the same one ever after (with the options of the first call).
 * Never throws. Until variants are fetched it answers what an earlier page stored, or fallbacks.
 *
 * What the browser says about the visitor and the page (language, platform, referrer, …) is part of the user; your `userProvider` and the
 * user you pass win.
 *
 * @param apiKey the deployment key
 * @param config the options; see {@link ExperimentConfig}
 */
export function initialize(apiKey: string, config?: ExperimentConfig): ExperimentClient {
  return clientOf(apiKey, config, () => {});
}

/**
 * Like {@link initialize}, for pages with Amplitude's analytics SDK: the user comes from it, and exposures go to it. The SDK may be loaded
 * before or after. Fetches wait up to ten seconds until it says who is there.
 *
 * @param apiKey the deployment key, or the key of the analytics project: then the visitor is known from the SDK's cookies at once
 * @param config the options; `instanceName` is the SDK's
 */
export function initializeWithAmplitudeAnalytics(apiKey: string, config?: ExperimentConfig): ExperimentClient {
  return clientOf(apiKey, config, (client, name) =>
    client.addPlugin(new AmplitudeIntegrationPlugin(apiKey, analyticsConnector(name), IDENTITY_MILLIS)),
  );
}

/** Where clients come from. */
export const Experiment = { initialize, initializeWithAmplitudeAnalytics };

function clientOf(apiKey: string, config: unknown, equip: (client: ExperimentClient, name: string) => void): ExperimentClient {
  const options = copyOptions(config);
  const name = text(options.instanceName) || '$default_instance';
  return find(`${name}.${text(apiKey)}`, () => {
    const consentOptions = { status: ConsentStatus.GRANTED, ...options.consentOptions };
    const persists = () => consentOptions.status === ConsentStatus.GRANTED;
    const userProvider = new DefaultUserProvider(options.userProvider, text(apiKey), persists);
    const client = new ExperimentClient(apiKey, { ...options, consentOptions, userProvider });
    equip(client, name);
    return client;
  });
}

function text(given: unknown): string {
  return typeof given === 'string' ? given : '';
}
