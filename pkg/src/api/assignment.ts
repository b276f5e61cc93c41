// An assignment: evaluation chose variants for a user. Its event, and the provider that tracks it.

/**
 * Evaluation chose variants for a user: one event for all flags of an evaluation. That the user was shown one
 * of them is an exposure.
 *
 * The same user, result and UTC day have the same `insert_id` in every process, so a server counts them once.
 */
export type AssignmentEvent = {
  event_type: '[Experiment] Assignment';
  user_id?: string;
  device_id?: string;
  /** The time of the evaluation: milliseconds since 1970. */
  time: number;
  /** Lower-case hex, a digest: it does not reveal ids of the user. */
  insert_id: string;
  /**
   * For each flag `[Experiment] <flag_key>.variant`: the variant's key, or `off` for a default variant and
   * for none; where known, `[Experiment] <flag_key>.details`: `v<version> rule:<segment>`. And `[Experiment]
   * Environment Name`, if the option is set.
   */
  event_properties: Record<string, string>;
  /**
   * Changes of user properties, for servers that take these from assignments. Without slots of mutual
   * exclusion groups.
   */
  user_properties: { $set: Record<string, string>; $unset: Record<string, string> };
};

/**
 * Tracks assignments in your analytics: an object with `track`, for the option `assignmentTrackingProvider`.
 *
 * ```ts
 * const assignmentTrackingProvider = { track: (event) => analytics.track(event).promise };
 * ```
 */
export interface AssignmentTrackingProvider {
  /**
   * Takes an assignment, from within `evaluate`. Exceptions do not reach that call.
   *
   * @returns `false`, an exception or a rejected promise when it was not taken: it is offered again after 1,
   * 5 and 25 seconds. Then it is given up, which is logged, and tracked at the user's next evaluation.
   * Anything else when it was taken; a promise counts when it resolves. When more than 16 MiB wait, the
   * oldest are given up.
   */
  track(event: AssignmentEvent): unknown;
}
