declare class SegmentExposureTrackingProvider implements ExposureTrackingProvider {
    constructor(analytics: SegmentAnalytics);
    track(exposure: Exposure, event: ExposureEvent): unknown;
}
export { SegmentAnalytics, SegmentExposureTrackingProvider };
import type { Exposure, ExposureEvent, ExposureTrackingProvider } from "experiment-wasm";
interface SegmentAnalytics {
    track(name: string, properties: object, options: object): unknown;
}
