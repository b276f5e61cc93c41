// Flag configurations as the flags API sends them, and the trace of an evaluation.

/** A flag configuration. Fields that are not listed pass through. */
export type EvaluationFlag = {
  key: string;
  variants: Record<string, EvaluationVariant>;
  segments: EvaluationSegment[];
  /** The keys of the flags that conditions of this one test. */
  dependencies?: string[];
  metadata?: Record<string, unknown>;
};

/**
 * A variant of a flag. In the answer of an evaluation, `metadata` is merged from flag, segment and variant.
 */
export type EvaluationVariant = {
  key?: string;
  value?: unknown;
  payload?: unknown;
  metadata?: Record<string, unknown>;
};

/** Segments are tried in order; the first whose conditions match decides. */
export type EvaluationSegment = {
  bucket?: EvaluationBucket;
  /** The segment matches if all conditions of one of the lists match. */
  conditions?: EvaluationCondition[][];
  /** The variant of users to whom `bucket` gives none. */
  variant?: string;
  metadata?: Record<string, unknown>;
};

/** How the users of a segment are spread over variants. */
export type EvaluationBucket = {
  /** The path of the value that is hashed, for instance `['context', 'user', 'user_id']`. */
  selector: string[];
  salt: string;
  allocations: EvaluationAllocation[];
};

export type EvaluationCondition = {
  selector: string[];
  /** `is`, `contains`, `version less`, `set contains any`, `regex match`, ... */
  op: string;
  values: string[];
};

/** `range`: half-open, in percent. */
export type EvaluationAllocation = {
  range: number[];
  distributions: EvaluationDistribution[];
};

/** `range`: half-open, of 42,949,673. */
export type EvaluationDistribution = {
  variant: string;
  range: number[];
};

/** The result of a condition. */
export type EvaluationConditionResult = {
  propValue: unknown;
  condition: EvaluationCondition;
  matched: boolean;
};

/** The result of a segment. */
export type EvaluationSegmentResult = {
  segmentMetadata?: Record<string, unknown>;
  conditionsPassed: boolean;
  bucketed: boolean;
  bucketVariant?: string;
  conditionResult?: (EvaluationConditionResult[] | undefined)[];
  matched: boolean;
};

/** How a flag got its variant: the segments that were tried, in order. */
export type FlagEvaluationTrace = {
  flagKey: string;
  matched: boolean;
  matchedSegment?: string;
  steps: EvaluationSegmentResult[];
};

/**
 * Flags to evaluate: a list, as the flags API answers it; an object by key, as clients store it; or the JSON
 * text of either.
 */
export type Flags = EvaluationFlag[] | Record<string, EvaluationFlag> | string;
