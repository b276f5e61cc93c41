// The user that flags are evaluated for, and the provider of fields that the page does not set.

/** A value that a user or group property can have. */
export type PropertyValue = string | number | boolean | Array<string | number | boolean>;

/** User properties by name. */
export type UserProperties = { [propertyName: string]: PropertyValue };

/**
 * The user (or device) that flags are evaluated for. `user_id` and `device_id` are the identity; an empty
 * string counts as missing. All other fields are for targeting. They are sent under these names.
 */
export type ExperimentUser = {
  /** The device: the identity of users who are not logged in. */
  device_id?: string;
  /** The user, once logged in. */
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
  /** When the user was first seen: seconds since 1970, as text, where the client sets it. */
  first_seen?: string;
  device_category?: 'mobile' | 'tablet' | 'desktop' | 'wearable' | 'console' | 'smarttv' | 'embedded';
  /** The page before this one. */
  referring_url?: string;
  /** Cookies by name. For evaluation on the page: they are never sent. */
  cookie?: Record<string, string>;
  browser?: string;
  /** The first page of the user's visit. */
  landing_url?: string;
  /** Query parameters of the page. A name that occurs more than once has a list. */
  url_param?: Record<string, string | string[]>;
  /** Query parameters of earlier pages. */
  persisted_url_param?: Record<string, string | string[]>;
  user_agent?: string;
  /** Your own properties. */
  user_properties?: UserProperties;
  /** The names of the user's groups, by group type. */
  groups?: { [groupType: string]: string[] };
  /** Properties of those groups, by group type and group name. */
  group_properties?: { [groupType: string]: { [groupName: string]: UserProperties } };
};

/**
 * Gives fields of the user that the page does not set, for instance from a session. Fields that the page sets
 * take precedence. Called before the first `variant()` of each synchronous run and before each request. If it
 * throws, it gives no fields.
 */
export interface ExperimentUserProvider {
  getUser(): ExperimentUser;
}
