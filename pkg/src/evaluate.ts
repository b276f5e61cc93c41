// experiment-wasm/evaluate: flags and a user in, variants out, for Node and the edge. As a function, and as a
// client that loads the flags and tracks assignments.

import type { Evaluation } from './api/evaluation.js';
import type { Flags } from './api/flag.js';
import type { ExperimentUser } from './api/user.js';
import { argumentJson, withCore } from './wasm/evaluate-instance.js';

export type { AssignmentEvent, AssignmentTrackingProvider } from './api/assignment.js';
export { ExperimentError, type ExperimentErrorCode } from './api/error.js';
export type { Evaluation } from './api/evaluation.js';
export type * from './api/flag.js';
export type { HttpClient, SimpleResponse } from './api/http-client.js';
export { ConsoleLogger, type Logger, LogLevel } from './api/logger.js';
export type { ExperimentUser, PropertyValue, UserProperties } from './api/user.js';
export {
  type HttpAssignmentTrackingOptions,
  HttpAssignmentTrackingProvider,
} from './delivery/http-assignment-tracking-provider.js';
export type {
  AssignmentConfig,
  LocalEvaluationConfig,
  Variant,
  Variants,
} from './local/local-evaluation-client.js';
export { Experiment, LocalEvaluationClient } from './local/local-evaluation-client.js';

/**
 * Evaluates flags for a user, as the client does on the page. A flag that cannot be read is skipped and
 * named; the others are evaluated.
 *
 * Flags are parsed in each call. For many users take a {@link LocalEvaluationClient}, which parses them once.
 *
 * @param flags the flag configurations. JSON text goes to the core as it is: faster, where you have the text
 * @param user the user
 * @param flagKeys only these flags and those they depend on; default: all
 * @param options `trace: false` leaves `traces` out, which is faster
 * @throws {@link ExperimentError} `BAD_ARGUMENT`, `WASM_UNAVAILABLE`; `WASM_TRAPPED` when the core broke
 * twice over this call
 */
export function evaluate(
  flags: Flags,
  user: ExperimentUser,
  flagKeys?: string[],
  { trace = true }: { trace?: boolean } = {},
): Evaluation {
  const flagsText = typeof flags === 'string' ? flags : argumentJson(flags, 'flags');
  const userText = argumentJson(user, 'user');
  const keysText = flagKeys && argumentJson(flagKeys, 'flagKeys');
  return withCore((core) => core.evaluate(flagsText, userText, keysText, trace));
}
