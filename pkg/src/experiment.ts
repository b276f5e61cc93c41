// Makes clients: one for each instance name and key.

import { analyticsConnector } from './amplitude/analytics-connector.js';
import { AmplitudeIntegrationPlugin } from './amplitude/integration-plugin.js';
import { copyOptions, type ExperimentConfig } from './api/config.js';
import { ConsentStatus } from './api/consent.js';
import { DefaultUserProvider } from './browser/default-user-provider.js';
import { ExperimentClient } from './client/experiment-client.js';
import { findOrCreate } from './client/registry.js';

/**
 * How long a client waits for an identity from Amplitude's analytics SDK, in milliseconds: the reference's
 * number.
 */
const IDENTITY_MILLIS = 10_000;

/**
 * The client for this key and `instanceName`: made at the first call, and returned by later ones, with the
 * options of the first. Does not throw. Until variants are fetched, the client answers those of an earlier
 * page, or fallbacks.
 *
 * What the browser knows of visitor and page (language, platform, referrer, …) is part of the user. Fields of
 * your `userProvider` and of the user that you pass take precedence.
 *
 * @param apiKey the deployment key
 * @param config the options; see {@link ExperimentConfig}
 */
export function initialize(apiKey: string, config?: ExperimentConfig): ExperimentClient {
  return clientFor(apiKey, config, () => {});
}

/**
 * {@link initialize} for pages with Amplitude's analytics SDK: the user comes from it, and exposures go to
 * it. The SDK may be loaded before or after. Fetches wait up to ten seconds for its identity.
 *
 * @param apiKey the deployment key, or the key of the analytics project: then the identity comes from the
 * SDK's cookies, without a wait
 * @param config the options; `instanceName` is the SDK's
 */
export function initializeWithAmplitudeAnalytics(
  apiKey: string,
  config?: ExperimentConfig,
): ExperimentClient {
  return clientFor(apiKey, config, (client, name) =>
    client.addPlugin(new AmplitudeIntegrationPlugin(apiKey, analyticsConnector(name), IDENTITY_MILLIS)),
  );
}

/** Makes clients. */
export const Experiment = { initialize, initializeWithAmplitudeAnalytics };

function clientFor(
  apiKey: string,
  config: unknown,
  equip: (client: ExperimentClient, name: string) => void,
): ExperimentClient {
  const options = copyOptions(config);
  const name = textOrEmpty(options.instanceName) || '$default_instance';
  return findOrCreate(`${name}.${textOrEmpty(apiKey)}`, () => {
    const consentOptions = { status: ConsentStatus.GRANTED, ...options.consentOptions };
    const persists = () => consentOptions.status === ConsentStatus.GRANTED;
    const userProvider = new DefaultUserProvider(options.userProvider, textOrEmpty(apiKey), persists);
    const client = new ExperimentClient(apiKey, { ...options, consentOptions, userProvider });
    equip(client, name);
    return client;
  });
}

function textOrEmpty(given: unknown): string {
  return typeof given === 'string' ? given : '';
}
