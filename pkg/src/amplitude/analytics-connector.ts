// The meeting point of Amplitude's SDKs on a page: who is there, and where events go. Whichever SDK comes first makes it.
//
// It is what @amplitude/analytics-connector 1.7.0 makes, at the same place, so each uses what the other made. Comments say where it differs
// from that original; tests/package/connector.test.mjs compares the rest.

import { attempt, isolated } from '../runtime/safe-call.js';

/** What is known of the person. */
export type Identity = {
  userId?: string;
  deviceId?: string;
  userProperties?: Record<string, unknown>;
  /** Whether the person wants no analytics. Experiments do not look at it. */
  optOut?: boolean;
};

/** Told of an identity when it changed. */
export type IdentityListener = (identity: Identity) => void;

/** Changes to an identity that take effect together. */
export interface IdentityEditor {
  setUserId(userId: string): IdentityEditor;
  setDeviceId(deviceId: string): IdentityEditor;
  setUserProperties(userProperties: Record<string, unknown>): IdentityEditor;
  setOptOut(optOut: boolean): IdentityEditor;
  /** Understands `$set`, `$unset` and `$clearAll`, in the order in which they stand; others are ignored. */
  updateUserProperties(actions: Record<string, Record<string, unknown>>): IdentityEditor;
  commit(): void;
}

/** The identity that the SDKs of a page share. */
export interface IdentityStore {
  editIdentity(): IdentityEditor;
  /** A copy. */
  getIdentity(): Identity;
  setIdentity(identity: Identity): void;
  addIdentityListener(listener: IdentityListener): void;
  removeIdentityListener(listener: IdentityListener): void;
}

/** An event for the analytics SDK. */
export type AnalyticsEvent = {
  eventType: string;
  eventProperties?: Record<string, unknown>;
  userProperties?: Record<string, unknown>;
  groups?: Record<string, string | string[]>;
};

/** The analytics SDK, as the one that takes events. */
export type AnalyticsEventReceiver = (event: AnalyticsEvent) => void;

/** The way of events to the analytics SDK. */
export interface EventBridge {
  /** Hands the event to the receiver; without one it waits. 512 wait; those that come later are dropped. */
  logEvent(event: AnalyticsEvent): void;
  /** Names the receiver, and hands it what waits, in order. */
  setEventReceiver(receiver: AnalyticsEventReceiver): void;
}

/** What is known of the page. */
export type ApplicationContext = { versionName?: string; language?: string; platform?: string; os?: string; deviceModel?: string };

/** Says what is known of the page. */
export interface ApplicationContextProvider {
  /** The app's version, where the page sets it. */
  versionName?: string;
  getApplicationContext(): ApplicationContext;
}

/** What the SDKs of one instance name share. */
export interface AnalyticsConnector {
  readonly identityStore: IdentityStore;
  readonly eventBridge: EventBridge;
  readonly applicationContextProvider: ApplicationContextProvider;
}

/** A bridge as it is: the original declares the receiver private, so a type with it would refuse the original's bridges. */
export type Bridge = EventBridge & { receiver?: AnalyticsEventReceiver };

/** How many events wait for a receiver: what the original holds. */
const WAITING = 512;

/** The connector of this name. Another SDK's is used as it is, never replaced. */
export function analyticsConnector(instanceName: string): AnalyticsConnector {
  try {
    const connectors = ((globalThis as any).analyticsConnectorInstances ??= {});
    // A name such as `constructor` finds what every object has.
    return connectors[instanceName]?.identityStore ? connectors[instanceName] : (connectors[instanceName] = connector());
  } catch {
    // A page that takes no new globals: there is no other SDK to meet.
    return connector();
  }
}

function connector(): AnalyticsConnector {
  const applicationContextProvider: ApplicationContextProvider = {
    // `os` and `deviceModel`, which the original never knows, are left out.
    getApplicationContext() {
      const { languages, language }: Partial<Navigator> = attempt(() => globalThis.navigator) ?? {};
      return { versionName: applicationContextProvider.versionName, language: languages?.[0] || language || '', platform: 'Web' };
    },
  };
  return { identityStore: identityStore(), eventBridge: eventBridge(), applicationContextProvider };
}

function identityStore(): IdentityStore {
  const listeners = new Set<IdentityListener>();
  let identity: Identity = { userProperties: {} };
  const store: IdentityStore = {
    editIdentity: () => editor(store),
    getIdentity: () => ({ ...identity }),
    setIdentity(given) {
      const before = identity;
      identity = { ...given };
      if (!same(before, identity)) listeners.forEach((listener) => isolated(() => listener(given)));
    },
    addIdentityListener: (listener) => void listeners.add(listener),
    removeIdentityListener: (listener) => void listeners.delete(listener),
  };
  return store;
}

function editor(store: IdentityStore): IdentityEditor {
  const draft = store.getIdentity();
  const set = (name: keyof Identity) => (value: any) => {
    draft[name] = value;
    return changes;
  };
  const changes: IdentityEditor = {
    setUserId: set('userId'),
    setDeviceId: set('deviceId'),
    setUserProperties: set('userProperties'),
    setOptOut: set('optOut'),
    updateUserProperties: (actions) => changes.setUserProperties(updated(draft.userProperties, actions)),
    commit() {
      store.setIdentity(draft);
      return changes;
    },
  };
  return changes.setUserProperties({ ...draft.userProperties });
}

/** A new object. (The original changes the one it was given.) */
function updated(before: Identity['userProperties'], actions: Record<string, Record<string, unknown>>): Record<string, unknown> {
  let properties = { ...before };
  for (const action in actions) {
    if (action === '$clearAll') properties = {};
    for (const name in actions[action]) {
      if (action === '$set') properties[name] = actions[action][name];
      if (action === '$unset') delete properties[name];
    }
  }
  return properties;
}

/** Equal all the way down. A property that is `undefined` differs from one that is missing. */
function same(a: any, b: any): boolean {
  if (a === b) return true;
  if (Object(a) !== a || Object(b) !== b || Array.isArray(a) !== Array.isArray(b)) return false;
  const names = Object.keys({ ...a, ...b });
  return names.length === Object.keys(a).length && names.length === Object.keys(b).length && names.every((name) => same(a[name], b[name]));
}

function eventBridge(): Bridge {
  const waiting: AnalyticsEvent[] = [];
  const bridge: Bridge = {
    // Who logs hears what the receiver throws, as with the original: it may want to keep the event.
    logEvent(event) {
      if (bridge.receiver) bridge.receiver(event);
      else if (waiting.length < WAITING) waiting.push(event);
    },
    setEventReceiver(receiver) {
      bridge.receiver = receiver;
      if (receiver) waiting.splice(0).forEach((event) => isolated(() => receiver(event)));
    },
  };
  return bridge;
}
