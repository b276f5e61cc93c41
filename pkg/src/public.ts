// What every entry exports.

export type { Client, FetchOptions } from './client.js';
export { ExperimentClient } from './client.js';
export type { ExperimentConfig } from './config.js';
export type { ExperimentErrorCode } from './error.js';
export { ExperimentError } from './error.js';
export type { Exposure, ExposureEvent, ExposureTrackingProvider } from './exposure.js';
export type { HttpExposureTrackingOptions } from './http-exposure-tracking-provider.js';
export { HttpExposureTrackingProvider } from './http-exposure-tracking-provider.js';
export type { Logger } from './logger.js';
export { ConsoleLogger, LogLevel } from './logger.js';
export { Experiment, initialize } from './experiment.js';
export type { HttpClient, SimpleResponse } from './transport.js';
export type { ExperimentUser, ExperimentUserProvider, PropertyValue, UserProperties } from './user.js';
export { Source } from './variant.js';
export type { Variant, Variants } from './variant.js';
