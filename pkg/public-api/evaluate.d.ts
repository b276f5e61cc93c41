declare class ConsoleLogger implements Logger {
    error(message?: any, ...optionalParams: any[]): void;
    warn(message?: any, ...optionalParams: any[]): void;
    info(message?: any, ...optionalParams: any[]): void;
    debug(message?: any, ...optionalParams: any[]): void;
    verbose(message?: any, ...optionalParams: any[]): void;
}
declare class ExperimentError extends Error {
    readonly code: ExperimentErrorCode;
    readonly status?: number;
    readonly statusCode?: number;
    readonly field?: string;
    readonly cause?: unknown;
    constructor(code: ExperimentErrorCode, message: string, more?: {
        cause?: unknown;
        status?: number;
        field?: string;
    });
}
declare class HttpAssignmentTrackingProvider implements AssignmentTrackingProvider {
    constructor(options: HttpAssignmentTrackingOptions);
    track(event: AssignmentEvent): unknown;
    flush(): Promise<void>;
    close(): void;
}
declare class LocalEvaluationClient {
    constructor(apiKey: string, config?: LocalEvaluationConfig);
    start(): Promise<void>;
    refresh(): Promise<void>;
    stop(): void;
    evaluateV2(user: ExperimentUser, flagKeys?: string[]): Variants;
    evaluate(user: ExperimentUser, flagKeys?: string[]): Promise<Variants>;
}
declare const Experiment: {
    initializeLocal(apiKey: string, config?: LocalEvaluationConfig): LocalEvaluationClient;
};
declare enum LogLevel {
    Disable = 0,
    Error = 1,
    Warn = 2,
    Info = 3,
    Debug = 4,
    Verbose = 5
}
declare function badArgument(field: string, cause?: unknown, what?: string): ExperimentError;
declare function errorOf(what: string, code: ExperimentErrorCode, more?: any): ExperimentError;
declare function evaluate(flags: Flags, user: ExperimentUser, flagKeys?: string[], { trace }?: {
    trace?: boolean;
}): Evaluation;
declare function filteredLogger(provider: Logger | undefined, level: LogLevel): Logger;
declare function logAt(logger: Logger, level: number, sentence: string, error?: unknown): void;
export { AssignmentConfig, AssignmentEvent, AssignmentTrackingProvider, ConsoleLogger, Evaluation, EvaluationAllocation, EvaluationBucket, EvaluationCondition, EvaluationConditionResult, EvaluationDistribution, EvaluationFlag, EvaluationSegment, EvaluationSegmentResult, EvaluationVariant, Experiment, ExperimentError, ExperimentErrorCode, ExperimentUser, FlagEvaluationTrace, Flags, HttpAssignmentTrackingOptions, HttpAssignmentTrackingProvider, HttpClient, LocalEvaluationClient, LocalEvaluationConfig, LogLevel, Logger, PropertyValue, SimpleResponse, UserProperties, Variant, Variants, evaluate };
interface AssignmentTrackingProvider {
    track(event: AssignmentEvent): unknown;
}
interface ExperimentUserProvider {
    getUser(): ExperimentUser;
}
interface HttpAssignmentTrackingOptions {
    apiKey: string;
    serverUrl: string;
    loggerProvider?: Logger;
    httpClient?: HttpClient;
}
interface HttpClient {
    request(requestUrl: string, method: string, headers: Record<string, string>, data: string, timeoutMillis?: number): Promise<SimpleResponse>;
}
interface LocalEvaluationConfig {
    debug?: boolean;
    logLevel?: LogLevel;
    loggerProvider?: Logger;
    instanceName?: string;
    serverUrl?: string;
    serverZone?: string;
    bootstrap?: Flags;
    flagConfigPollingIntervalMillis?: number;
    assignmentTrackingProvider?: AssignmentTrackingProvider | AssignmentTrackingProvider["track"];
    assignmentConfig?: AssignmentConfig;
    environmentName?: string;
    httpClient?: HttpClient;
}
interface Logger {
    error(message?: any, ...optionalParams: any[]): void;
    warn(message?: any, ...optionalParams: any[]): void;
    info(message?: any, ...optionalParams: any[]): void;
    debug(message?: any, ...optionalParams: any[]): void;
    verbose(message?: any, ...optionalParams: any[]): void;
}
interface SimpleResponse {
    status: number;
    body: string;
}
type AssignmentConfig = {
    cacheCapacity?: number;
};
type AssignmentEvent = {
    event_type: "[Experiment] Assignment";
    user_id?: string;
    device_id?: string;
    time: number;
    insert_id: string;
    event_properties: Record<string, string>;
    user_properties: {
        $set: Record<string, string>;
        $unset: Record<string, string>;
    };
};
type Evaluation = {
    variants: Record<string, EvaluationVariant>;
    traces?: Record<string, FlagEvaluationTrace>;
    skipped: Record<string, string>;
};
type EvaluationAllocation = {
    range: number[];
    distributions: EvaluationDistribution[];
};
type EvaluationBucket = {
    selector: string[];
    salt: string;
    allocations: EvaluationAllocation[];
};
type EvaluationCondition = {
    selector: string[];
    op: string;
    values: string[];
};
type EvaluationConditionResult = {
    propValue: unknown;
    condition: EvaluationCondition;
    matched: boolean;
};
type EvaluationDistribution = {
    variant: string;
    range: number[];
};
type EvaluationFlag = {
    key: string;
    variants: Record<string, EvaluationVariant>;
    segments: EvaluationSegment[];
    dependencies?: string[];
    metadata?: Record<string, unknown>;
};
type EvaluationSegment = {
    bucket?: EvaluationBucket;
    conditions?: EvaluationCondition[][];
    variant?: string;
    metadata?: Record<string, unknown>;
};
type EvaluationSegmentResult = {
    segmentMetadata?: Record<string, unknown>;
    conditionsPassed: boolean;
    bucketed: boolean;
    bucketVariant?: string;
    conditionResult?: (EvaluationConditionResult[] | undefined)[];
    matched: boolean;
};
type EvaluationVariant = {
    key?: string;
    value?: unknown;
    payload?: unknown;
    metadata?: Record<string, unknown>;
};
type ExperimentErrorCode = "BAD_ARGUMENT" | "WASM_UNAVAILABLE" | "WASM_TRAPPED" | "LOAD_FAILED" | "API_KEY_EMPTY" | "TIMEOUT" | "NETWORK" | "HTTP_STATUS" | "DECODE" | "CLOSED" | "PROVIDER_REFUSED" | "SERVER_REJECTED" | "TOO_LARGE" | "QUEUE_FULL" | "EXPIRED";
type ExperimentUser = {
    device_id?: string;
    user_id?: string;
    country?: string;
    city?: string;
    region?: string;
    dma?: string;
    language?: string;
    platform?: string;
    version?: string;
    os?: string;
    device_model?: string;
    carrier?: string;
    library?: string;
    ip_address?: string;
    first_seen?: string;
    device_category?: "mobile" | "tablet" | "desktop" | "wearable" | "console" | "smarttv" | "embedded";
    referring_url?: string;
    cookie?: Record<string, string>;
    browser?: string;
    landing_url?: string;
    url_param?: Record<string, string | string[]>;
    persisted_url_param?: Record<string, string | string[]>;
    user_agent?: string;
    user_properties?: UserProperties;
    groups?: {
        [groupType: string]: string[];
    };
    group_properties?: {
        [groupType: string]: {
            [groupName: string]: UserProperties;
        };
    };
};
type FlagEvaluationTrace = {
    flagKey: string;
    matched: boolean;
    matchedSegment?: string;
    steps: EvaluationSegmentResult[];
};
type Flags = EvaluationFlag[] | Record<string, EvaluationFlag> | string;
type PropertyValue = string | number | boolean | Array<string | number | boolean>;
type UserProperties = {
    [propertyName: string]: PropertyValue;
};
type Variant = {
    key?: string;
    value?: string;
    payload?: any;
    metadata?: Record<string, any>;
};
type Variants = Record<string, Variant>;
