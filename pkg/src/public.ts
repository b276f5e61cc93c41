// What every entry exports.

export { AmplitudeAnalyticsProvider, AmplitudeIntegrationPlugin, AmplitudeUserProvider } from './amplitude.js';
export type { ExperimentAnalyticsEvent, ExperimentAnalyticsProvider } from './analytics.js';
export type { Client, ExperimentEvents, FetchOptions, VariantOptions } from './client-api.js';
export { ExperimentClient } from './client.js';
export type { ExperimentConfig } from './config.js';
export type { ConsentOptions } from './consent.js';
export { ConsentStatus } from './consent.js';
export type { ExperimentErrorCode } from './error.js';
export { ExperimentError } from './error.js';
export type { Exposure, ExposureEvent, ExposureTrackingProvider } from './exposure.js';
export type { EvaluationConditionResult, EvaluationSegmentResult, FlagEvaluationTrace } from './flag.js';
export type { HttpExposureTrackingOptions } from './http-exposure-tracking-provider.js';
export { HttpExposureTrackingProvider } from './http-exposure-tracking-provider.js';
export type { Logger } from './logger.js';
export { ConsoleLogger, LogLevel } from './logger.js';
export { MemoryStorage } from './memory-storage.js';
export { Experiment, initialize, initializeWithAmplitudeAnalytics } from './experiment.js';
export type { ExperimentEvent, ExperimentPlugin, ExperimentPluginType, IntegrationPlugin } from './plugin.js';
export { StubExperimentClient } from './stub.js';
export type { HttpClient, SimpleResponse } from './transport.js';
export type { ExperimentUser, ExperimentUserProvider, PropertyValue, UserProperties } from './user.js';
export { Source } from './variant.js';
export type { Variant, Variants } from './variant.js';
