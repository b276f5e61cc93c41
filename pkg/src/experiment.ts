// Makes clients: one per instance name and key, the same one at every call.

import { ExperimentClient } from './client.js';
import { copyOptions, type ExperimentConfig } from './config.js';
import { find } from './register.js';

/**
 * The client for this key and `instanceName`: made at the first call, the same one ever after (with the options of the first call).
 * Never throws. Until variants are fetched it answers what an earlier page stored, or fallbacks.
 *
 * @param apiKey the deployment key
 * @param config the options; see {@link ExperimentConfig}
 */
export function initialize(apiKey: string, config?: ExperimentConfig): ExperimentClient {
  const { instanceName = '$default_instance' } = copyOptions(config);
  const name = [instanceName, apiKey].map((part) => (typeof part === 'string' ? part : '')).join('.');
  return find(name, () => new ExperimentClient(apiKey, config));
}

/** Where clients come from. */
export const Experiment = { initialize };
