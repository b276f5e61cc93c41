declare class AmplitudeAnalyticsProvider implements ExperimentAnalyticsProvider {
    constructor(amplitudeInstance: AmplitudeInstance);
    track(event: ExperimentAnalyticsEvent): void;
    setUserProperty(event: ExperimentAnalyticsEvent): void;
    unsetUserProperty(event: ExperimentAnalyticsEvent): void;
}
declare class AmplitudeIntegrationPlugin implements IntegrationPlugin {
    readonly type: ExperimentPluginType;
    constructor(apiKey: string | undefined, connector: AnalyticsConnector, timeoutMillis: number);
    setup?(config?: ExperimentConfig, client?: Client): Promise<void>;
    getUser(): ExperimentUser;
    track({ eventType, eventProperties }: ExperimentEvent): boolean;
    teardown(): Promise<void>;
}
declare class AmplitudeUserProvider implements ExperimentUserProvider {
    constructor(amplitudeInstance: AmplitudeInstance);
    getUser(): ExperimentUser;
}
declare class ConsoleLogger implements Logger {
    error(message?: any, ...optionalParams: any[]): void;
    warn(message?: any, ...optionalParams: any[]): void;
    info(message?: any, ...optionalParams: any[]): void;
    debug(message?: any, ...optionalParams: any[]): void;
    verbose(message?: any, ...optionalParams: any[]): void;
}
declare class ExperimentClient implements Client {
    constructor(apiKey: string, config?: ExperimentConfig);
    start(user?: ExperimentUser): Promise<void>;
    stop(): void;
    close(): void;
    fetch(user?: ExperimentUser, options?: FetchOptions): Promise<ExperimentClient>;
    variant(key: string, fallback?: string | Variant, options?: VariantOptions): Variant;
    exposure(key: string): void;
    all(): Variants;
    getEvaluationTraces(flagKeys?: string[]): Record<string, FlagEvaluationTrace>;
    clear(): void;
    reset(): void;
    getUser(): ExperimentUser;
    setUser(user?: ExperimentUser | null): void;
    getUserProvider(): ExperimentUserProvider;
    setUserProvider(userProvider: ExperimentUserProvider): ExperimentClient;
    setTracksAssignment(doTrack: boolean): Promise<void>;
    addPlugin(plugin: ExperimentPlugin | IntegrationPlugin): void;
    on<E extends keyof ExperimentEvents>(event: E, listener: (detail: ExperimentEvents[E]) => void): () => void;
    setConsentStatus(status: ConsentStatus): void;
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
declare class HttpExposureTrackingProvider implements ExposureTrackingProvider {
    constructor(options: HttpExposureTrackingOptions);
    onGivenUp(listener: (error: ExperimentError) => void): () => void;
    track(_exposure: Exposure, event?: ExposureEvent): unknown;
    flush(): void;
    close(): void;
}
declare class MemoryStorage implements Storage {
    get(key: string): string;
    put(key: string, value: string): void;
    delete(key: string): void;
}
declare class StubExperimentClient implements Client {
    getUser(): ExperimentUser;
    start(_user?: ExperimentUser): Promise<void>;
    stop(): void;
    setUser(_user: ExperimentUser): void;
    fetch(_user?: ExperimentUser, _options?: FetchOptions): Promise<StubExperimentClient>;
    getUserProvider(): ExperimentUserProvider;
    setUserProvider(_userProvider: ExperimentUserProvider): StubExperimentClient;
    variant(_key: string, _fallback?: string | Variant): Variant;
    all(): Variants;
    clear(): void;
    exposure(_key: string): void;
}
declare const Experiment: {
    initialize: typeof initialize;
    initializeWithAmplitudeAnalytics: typeof initializeWithAmplitudeAnalytics;
};
declare enum ConsentStatus {
    REJECTED = 0,
    GRANTED = 1,
    PENDING = 2
}
declare enum LogLevel {
    Disable = 0,
    Error = 1,
    Warn = 2,
    Info = 3,
    Debug = 4,
    Verbose = 5
}
declare enum Source {
    LocalStorage = "localStorage",
    InitialVariants = "initialVariants"
}
declare function analyticsConnector(instanceName: string): AnalyticsConnector;
declare function badArgument(field: string, cause?: unknown, what?: string): ExperimentError;
declare function copyOptions(config: unknown): ExperimentConfig;
declare function errorOf(what: string, code: ExperimentErrorCode, more?: any): ExperimentError;
declare function filteredLogger(provider: Logger | undefined, level: LogLevel): Logger;
declare function initialize(apiKey: string, config?: ExperimentConfig): ExperimentClient;
declare function initializeWithAmplitudeAnalytics(apiKey: string, config?: ExperimentConfig): ExperimentClient;
declare function levelOf({ debug, logLevel }: ExperimentConfig): LogLevel;
declare function logAt(logger: Logger, level: number, sentence: string, error?: unknown): void;
declare function plainOptions(options: ExperimentConfig, lost: OnUnusable): string;
declare function readableEntries(value: unknown): Array<[
    string,
    unknown
]>;
declare function toJson(value: unknown, onUnusable: OnUnusable, field?: string, above?: unknown[]): string | undefined;
declare function toPluginEvent({ event_type, event_properties, time }: ExposureEvent): ExperimentEvent;
export { AmplitudeAnalyticsProvider, AmplitudeIntegrationPlugin, AmplitudeUserProvider, Client, ConsentOptions, ConsentStatus, ConsoleLogger, EvaluationConditionResult, EvaluationSegmentResult, Experiment, ExperimentAnalyticsEvent, ExperimentAnalyticsProvider, ExperimentClient, ExperimentConfig, ExperimentError, ExperimentErrorCode, ExperimentEvent, ExperimentEvents, ExperimentPlugin, ExperimentPluginType, ExperimentUser, ExperimentUserProvider, Exposure, ExposureEvent, ExposureTrackingProvider, FetchOptions, FlagEvaluationTrace, HttpClient, HttpExposureTrackingOptions, HttpExposureTrackingProvider, IntegrationPlugin, LogLevel, Logger, MemoryStorage, PropertyValue, SimpleResponse, Source, StubExperimentClient, UserProperties, Variant, VariantOptions, Variants, initialize, initializeWithAmplitudeAnalytics };
interface AnalyticsConnector {
    readonly identityStore: IdentityStore;
    readonly eventBridge: EventBridge;
    readonly applicationContextProvider: ApplicationContextProvider;
}
interface ApplicationContextProvider {
    versionName?: string;
    getApplicationContext(): ApplicationContext;
}
interface Client {
    start(user?: ExperimentUser): Promise<void>;
    stop(): void;
    fetch(user?: ExperimentUser, options?: FetchOptions): Promise<Client>;
    variant(key: string, fallback?: string | Variant): Variant;
    all(): Variants;
    clear(): void;
    exposure(key: string): void;
    getUser(): ExperimentUser;
    setUser(user: ExperimentUser): void;
    getUserProvider(): ExperimentUserProvider;
    setUserProvider(userProvider: ExperimentUserProvider): Client;
}
interface EventBridge {
    logEvent(event: AnalyticsEvent): void;
    setEventReceiver(receiver: AnalyticsEventReceiver): void;
}
interface ExperimentAnalyticsEvent {
    name: string;
    properties: Record<string, string>;
    userProperties?: Record<string, unknown>;
    user: ExperimentUser;
    key: string;
    variant: Variant;
    userProperty: string;
}
interface ExperimentAnalyticsProvider {
    track(event: ExperimentAnalyticsEvent): void;
    setUserProperty?(event: ExperimentAnalyticsEvent): void;
    unsetUserProperty?(event: ExperimentAnalyticsEvent): void;
}
interface ExperimentConfig {
    debug?: boolean;
    logLevel?: LogLevel;
    loggerProvider?: Logger;
    instanceName?: string;
    fallbackVariant?: Variant | string;
    initialVariants?: Variants | Record<string, string | Variant>;
    initialFlags?: string;
    source?: Source | `${Source}`;
    serverUrl?: string;
    flagsServerUrl?: string;
    serverZone?: string;
    fetchTimeoutMillis?: number;
    retryFetchOnFailure?: boolean;
    throwOnError?: boolean;
    automaticExposureTracking?: boolean;
    pollOnStart?: boolean;
    flagConfigPollingIntervalMillis?: number;
    fetchOnStart?: boolean;
    userProvider?: ExperimentUserProvider;
    automaticFetchOnAmplitudeIdentityChange?: boolean;
    analyticsProvider?: ExperimentAnalyticsProvider;
    consentOptions?: ConsentOptions;
    exposureTrackingProvider?: ExposureTrackingProvider | ExposureTrackingProvider["track"];
    httpClient?: HttpClient;
}
interface ExperimentPlugin {
    name?: string;
    type?: ExperimentPluginType;
    setup?(config: ExperimentConfig, client: Client): Promise<void>;
    teardown?(): Promise<void>;
}
interface ExperimentUserProvider {
    getUser(): ExperimentUser;
}
interface ExposureTrackingProvider {
    track(exposure: Exposure, event: ExposureEvent): unknown;
    onGivenUp?(listener: (error: ExperimentError) => void): () => void;
}
interface HttpClient {
    request(requestUrl: string, method: string, headers: Record<string, string>, data: string, timeoutMillis?: number): Promise<SimpleResponse>;
}
interface HttpExposureTrackingOptions {
    apiKey: string;
    serverUrl: string;
    loggerProvider?: Logger;
}
interface IdentityEditor {
    setUserId(userId: string): IdentityEditor;
    setDeviceId(deviceId: string): IdentityEditor;
    setUserProperties(userProperties: Record<string, unknown>): IdentityEditor;
    setOptOut(optOut: boolean): IdentityEditor;
    updateUserProperties(actions: Record<string, Record<string, unknown>>): IdentityEditor;
    commit(): void;
}
interface IdentityStore {
    editIdentity(): IdentityEditor;
    getIdentity(): Identity;
    setIdentity(identity: Identity): void;
    addIdentityListener(listener: IdentityListener): void;
    removeIdentityListener(listener: IdentityListener): void;
}
interface IntegrationPlugin extends ExperimentPlugin {
    type: "integration";
    getUser(): ExperimentUser;
    track(event: ExperimentEvent): boolean;
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
interface Storage {
    get(key: string): string;
    put(key: string, value: string): void;
    delete(key: string): void;
}
type AmplitudeInstance = {
    options?: {
        deviceId?: string;
        userId?: string;
        versionName?: string;
        language?: string;
        platform?: string;
    };
    _ua?: {
        browser?: {
            name?: string;
            major?: string;
        };
        os?: {
            name?: string;
        };
    };
    logEvent(eventName: string, properties: Record<string, string>): void;
    setUserProperties(userProperties: Record<string, unknown>): void;
    identify(identify: {
        set(property: string, value: unknown): void;
        unset(property: string): void;
    }): void;
};
type AnalyticsEvent = {
    eventType: string;
    eventProperties?: Record<string, unknown>;
    userProperties?: Record<string, unknown>;
    groups?: Record<string, string | string[]>;
};
type AnalyticsEventReceiver = (event: AnalyticsEvent) => void;
type ApplicationContext = {
    versionName?: string;
    language?: string;
    platform?: string;
    os?: string;
    deviceModel?: string;
};
type Bridge = EventBridge & {
    receiver?: AnalyticsEventReceiver;
};
type ConsentOptions = {
    status: ConsentStatus;
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
type ExperimentEvent = {
    eventType: string;
    eventProperties?: Record<string, unknown>;
};
type ExperimentEvents = {
    variants: void;
    flags: void;
    user: void;
    exposure: Exposure;
    error: ExperimentError;
};
type ExperimentPluginType = "integration";
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
type Exposure = {
    flag_key: string;
    variant?: string;
    experiment_key?: string;
    metadata?: Record<string, unknown>;
    time?: number;
};
type ExposureEvent = {
    event_type: string;
    user_id?: string;
    device_id?: string;
    time: number;
    insert_id: string;
    event_properties: Exposure;
};
type FetchOptions = {
    flagKeys?: string[];
};
type FlagEvaluationTrace = {
    flagKey: string;
    matched: boolean;
    matchedSegment?: string;
    steps: EvaluationSegmentResult[];
};
type Flags = EvaluationFlag[] | Record<string, EvaluationFlag> | string;
type Identity = {
    userId?: string;
    deviceId?: string;
    userProperties?: Record<string, unknown>;
    optOut?: boolean;
};
type IdentityListener = (identity: Identity) => void;
type OnUnusable = (field: string, cause: unknown) => void;
type PropertyValue = string | number | boolean | Array<string | number | boolean>;
type UserProperties = {
    [propertyName: string]: PropertyValue;
};
type Variant = {
    key?: string;
    value?: string;
    payload?: any;
    expKey?: string;
    metadata?: Record<string, unknown>;
};
type VariantOptions = {
    expose?: boolean;
};
type Variants = {
    [key: string]: Variant;
};
