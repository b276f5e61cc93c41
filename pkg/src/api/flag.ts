// Flag configurations as the flags API sends them, and what evaluating them says.

/** A flag configuration. Fields that are not listed pass through. */
export type EvaluationFlag = {
  key: string;
  variants: Record<string, EvaluationVariant>;
  segments: EvaluationSegment[];
  /** Flags that conditions of this one look at. */
  dependencies?: string[];
  metadata?: Record<string, unknown>;
};

/** A variant as a flag defines it, and as evaluation answers it: then `metadata` is merged from flag, segment and variant. */
export type EvaluationVariant = {
  key?: string;
  value?: unknown;
  payload?: unknown;
  metadata?: Record<string, unknown>;
};

/** Segments are tried in order; the first whose conditions hold decides. */
export type EvaluationSegment = {
  bucket?: EvaluationBucket;
  /** An or of ands. */
  conditions?: EvaluationCondition[][];
  /** The variant of everybody here whom `bucket` does not place. */
  variant?: string;
  metadata?: Record<string, unknown>;
};

/** How a segment's people are spread over variants. */
export type EvaluationBucket = {
  /** Where the value that is hashed stands in the context, for instance `['context', 'user', 'user_id']`. */
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

/** What a condition saw. */
export type EvaluationConditionResult = {
  propValue: unknown;
  condition: EvaluationCondition;
  matched: boolean;
};

/** What became of a segment. */
export type EvaluationSegmentResult = {
  segmentMetadata?: Record<string, unknown>;
  conditionsPassed: boolean;
  bucketed: boolean;
  bucketVariant?: string;
  conditionResult?: (EvaluationConditionResult[] | undefined)[];
  matched: boolean;
};

/** How a flag came to its variant: every segment that was looked at, in order. */
export type FlagEvaluationTrace = {
  flagKey: string;
  matched: boolean;
  matchedSegment?: string;
  steps: EvaluationSegmentResult[];
};

/** What is evaluated: the answer of the flags API, an object of flags by key as clients store it, or the JSON text of either. */
export type Flags = EvaluationFlag[] | Record<string, EvaluationFlag> | string;
