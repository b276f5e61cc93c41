// An assignment: evaluation chose variants for a user. The event it becomes, and who is told.

/**
 * Evaluation chose variants for a user: one event for all flags of one evaluation. Whether the user met one of them is an exposure's to say.
 *
 * The same user, result and UTC day have the same `insert_id`, whichever process evaluated and however often: stored under it, they count
 * once.
 */
export type AssignmentEvent = {
  event_type: '[Experiment] Assignment';
  user_id?: string;
  device_id?: string;
  /** When the user was evaluated: milliseconds since 1970. */
  time: number;
  /** Lower-case hex. No id of a person can be read out of it. */
  insert_id: string;
  /**
   * For each flag `[Experiment] <flag_key>.variant`, the variant's key, or `off` for a default variant and for none; where known
   * `[Experiment] <flag_key>.details`, `v<version> rule:<segment>`; and `[Experiment] Environment Name`, where the client was given one.
   */
  event_properties: Record<string, string>;
  /** What servers that let assignments do it make of the user's properties. Slots of mutual exclusion groups are not among them. */
  user_properties: { $set: Record<string, string>; $unset: Record<string, string> };
};

/**
 * Your side of assignment tracking: an object with `track`, given to the client as `assignmentTrackingProvider`.
 *
 * ```ts
 * const assignmentTrackingProvider = { track: (event) => analytics.track(event).promise };
 * ```
 */
export interface AssignmentTrackingProvider {
  /**
   * Takes an assignment over, from within `evaluate`. It cannot harm that call.
   *
   * @returns nothing, or anything but the following, when it was taken. `false`, a throw or a rejected promise mean that it was not: it is
   * offered again after 1, 5 and 25 seconds, then given up, which is logged, and told when the user is evaluated next. A promise that
   * resolves counts when it does. When more than 16 MiB wait, the oldest are given up.
   */
  track(event: AssignmentEvent): unknown;
}
