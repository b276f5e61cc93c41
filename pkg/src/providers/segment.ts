// Exposures for Segment's analytics.js. Nothing of it is imported: the page hands its own over.

import type { Exposure, ExposureEvent, ExposureTrackingProvider } from 'experiment-wasm';

/**
 * What is used of Segment's analytics.js: `AnalyticsBrowser.load(…)` of `@segment/analytics-next`, or
 * `window.analytics` of Segment's snippet.
 */
export interface SegmentAnalytics {
  track(name: string, properties: object, options: object): unknown;
}

/**
 * Tracks exposures with Segment, for the option `exposureTrackingProvider`.
 *
 * An exposure is one call of `track`: the event's type as name, the exposure as properties, and as options
 * the time of the exposure and its `insert_id` as `messageId`, by which Segment drops repetitions. The user
 * is Segment's own. Where `track` throws or rejects, the client offers the exposure again.
 */
export class SegmentExposureTrackingProvider implements ExposureTrackingProvider {
  private readonly analytics_: SegmentAnalytics;

  constructor(analytics: SegmentAnalytics) {
    this.analytics_ = analytics;
  }

  /** Called by the client. */
  track(exposure: Exposure, event: ExposureEvent): unknown {
    const { event_type, time, insert_id } = event;
    return this.analytics_.track(event_type, exposure, { timestamp: new Date(time), messageId: insert_id });
  }
}
