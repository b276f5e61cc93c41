// The result of an evaluation.

import type { EvaluationVariant, FlagEvaluationTrace } from './flag.js';

/** The result of {@link evaluate}. */
export type Evaluation = {
  /** The variant of each flag that has one for this user, by flag key. */
  variants: Record<string, EvaluationVariant>;
  /** How each flag got its variant, by flag key. Missing when `trace` is `false`. */
  traces?: Record<string, FlagEvaluationTrace>;
  /** The flags that could not be read, with the reason as a code, by flag key. */
  skipped: Record<string, string>;
};
