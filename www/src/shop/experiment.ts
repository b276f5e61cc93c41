// The shop's experiment client: the whole set-up.
import { Experiment, HttpExposureTrackingProvider } from 'experiment-wasm';

export const exposures = new HttpExposureTrackingProvider({
  apiKey: 'demo-api-key',
  serverUrl: `${location.origin}/2/httpapi`,
});

export const experiment = Experiment.initialize('client-demo', {
  serverUrl: location.origin,
  flagsServerUrl: location.origin,
  exposureTrackingProvider: exposures,
});
