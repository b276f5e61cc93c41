// All scripts, in the order in which they are played.
import amplitude from './amplitude.mjs';
import configuration from './configuration.mjs';
import exposures from './exposures.mjs';
import fallback from './fallback.mjs';
import fetching from './fetching.mjs';
import flags from './flags.mjs';
import integrations from './integrations.mjs';
import legacy from './legacy.mjs';
import localEvaluation from './local-evaluation.mjs';
import oddValues from './odd-values.mjs';
import packaged from './package.mjs';
import referenceFaults from './reference-faults.mjs';
import retries from './retries.mjs';
import session from './session.mjs';
import start from './start.mjs';
import storage from './storage.mjs';
import users from './users.mjs';
import visitor from './visitor.mjs';
import waiting from './waiting.mjs';

export const SCRIPTS = [
  fallback,
  exposures,
  fetching,
  retries,
  start,
  storage,
  flags,
  localEvaluation,
  users,
  visitor,
  configuration,
  packaged,
  integrations,
  waiting,
  session,
  amplitude,
  legacy,
  oddValues,
  referenceFaults,
].flat();
