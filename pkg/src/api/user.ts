// Who variants are asked for: the user's fields, and the provider that fills in what the page does not say.

/** A value that a user or group property can have. */
export type PropertyValue = string | number | boolean | Array<string | number | boolean>;

/** User properties by name. */
export type UserProperties = { [propertyName: string]: PropertyValue };

/**
 * The person (or device) that flags are evaluated for. `user_id` and `device_id` say who it is, an empty string counts as missing;
 * everything else is for targeting. Fields are sent as they are written here.
 */
export type ExperimentUser = {
  /** The device, for those who are not logged in. */
  device_id?: string;
  /** The person, once they are logged in. */
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
  /** When this person was first seen. */
  first_seen?: string;
  device_category?: 'mobile' | 'tablet' | 'desktop' | 'wearable' | 'console' | 'smarttv' | 'embedded';
  /** The page that led here. */
  referring_url?: string;
  /** Cookies by name. For evaluation on the page only: they are never sent. */
  cookie?: Record<string, string>;
  browser?: string;
  /** The first page of this person on this deployment. */
  landing_url?: string;
  /** Query parameters of the page; a name that occurs more than once has a list. */
  url_param?: Record<string, string | string[]>;
  /** Query parameters that outlived the page they came with. */
  persisted_url_param?: Record<string, string | string[]>;
  user_agent?: string;
  /** Your own properties. */
  user_properties?: UserProperties;
  /** Groups the person belongs to, by group type. */
  groups?: { [groupType: string]: string[] };
  /** Properties of those groups, by group type and group name. */
  group_properties?: { [groupType: string]: { [groupName: string]: UserProperties } };
};

/**
 * Says who the user is, for pages where something else knows (an analytics SDK, a session). What the page itself set wins; the provider
 * fills what is missing. Asked before the first `variant()` of each synchronous run and before each request; if it throws, it counts as
 * knowing nothing.
 */
export interface ExperimentUserProvider {
  getUser(): ExperimentUser;
}
