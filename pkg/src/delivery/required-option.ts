// The check of options that both HTTP providers need.

import { badArgument } from '../api/error.js';

/**
 * The option of this name. `provider` is the class that needs it.
 *
 * @throws {@link ExperimentError} `BAD_ARGUMENT` when it is missing, empty or no text
 */
export function requiredOption<N extends string>(
  options: { [name in N]: string },
  name: N,
  provider: string,
): string {
  const given: unknown = options?.[name];
  if (typeof given === 'string' && given) return given;
  throw badArgument(name, typeof given, `${provider} needs ${name}, a text that is not empty`);
}
