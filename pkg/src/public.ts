// The exports of `experiment-wasm` and `experiment-wasm/slim`.

export { AmplitudeAnalyticsProvider, AmplitudeUserProvider } from './amplitude/amplitude-js.js';
export { AmplitudeIntegrationPlugin } from './amplitude/integration-plugin.js';
export type { ExperimentAnalyticsEvent, ExperimentAnalyticsProvider } from './api/analytics-provider.js';
export type { Client, ExperimentEvents, FetchOptions, VariantOptions } from './api/client.js';
export type { ExperimentConfig } from './api/config.js';
export type { ConsentOptions } from './api/consent.js';
export { ConsentStatus } from './api/consent.js';
export type { ExperimentErrorCode } from './api/error.js';
export { ExperimentError } from './api/error.js';
export type { Exposure, ExposureEvent, ExposureTrackingProvider } from './api/exposure.js';
export type { EvaluationConditionResult, EvaluationSegmentResult, FlagEvaluationTrace } from './api/flag.js';
export type { HttpClient, SimpleResponse } from './api/http-client.js';
export type { Logger } from './api/logger.js';
export { ConsoleLogger, LogLevel } from './api/logger.js';
export type {
  ExperimentEvent,
  ExperimentPlugin,
  ExperimentPluginType,
  IntegrationPlugin,
} from './api/plugin.js';
export type { ExperimentUser, ExperimentUserProvider, PropertyValue, UserProperties } from './api/user.js';
export type { Variant, Variants } from './api/variant.js';
export { Source } from './api/variant.js';
export { MemoryStorage } from './browser/memory-storage.js';
export { ExperimentClient } from './client/experiment-client.js';
export { StubExperimentClient } from './client/stub-client.js';
export type { HttpExposureTrackingOptions } from './delivery/http-exposure-tracking-provider.js';
export { HttpExposureTrackingProvider } from './delivery/http-exposure-tracking-provider.js';
export { Experiment, initialize, initializeWithAmplitudeAnalytics } from './experiment.js';
