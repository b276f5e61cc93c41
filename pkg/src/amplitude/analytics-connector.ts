// The connector of Amplitude's SDKs on a page: their common identity, and the way of events. The SDK that is
// loaded first makes it.
//
// It is that of @amplitude/analytics-connector 1.7.0, under the same global, so each package uses the
// other's. Comments say where it differs; tests/package/connector.test.mjs compares the rest.

import { attempt, callSafely } from '../runtime/safe-call.js';

/** The identity of the user. */
export type Identity = {
  userId?: string;
  deviceId?: string;
  userProperties?: Record<string, unknown>;
  /** An opt-out of analytics. Experiments do not use it. */
  optOut?: boolean;
};

/** Called with the identity when it changed. */
export type IdentityListener = (identity: Identity) => void;

/** Changes to an identity that take effect together. */
export interface IdentityEditor {
  setUserId(userId: string): IdentityEditor;
  setDeviceId(deviceId: string): IdentityEditor;
  setUserProperties(userProperties: Record<string, unknown>): IdentityEditor;
  setOptOut(optOut: boolean): IdentityEditor;
  /** Performs `$set`, `$unset` and `$clearAll` in the order of the object; others are ignored. */
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

/** Takes the events: the analytics SDK. */
export type AnalyticsEventReceiver = (event: AnalyticsEvent) => void;

/** The way of events to the analytics SDK. */
export interface EventBridge {
  /**
   * Passes the event to the receiver. Without a receiver the first 512 events wait; later ones are dropped.
   */
  logEvent(event: AnalyticsEvent): void;
  /** Sets the receiver, and passes it the events that wait, in order. */
  setEventReceiver(receiver: AnalyticsEventReceiver): void;
}

/** What is known of the app and the browser. */
export type ApplicationContext = {
  versionName?: string;
  language?: string;
  platform?: string;
  os?: string;
  deviceModel?: string;
};

/** Gives what is known of the app and the browser. */
export interface ApplicationContextProvider {
  /** The app's version, where the page sets it. */
  versionName?: string;
  getApplicationContext(): ApplicationContext;
}

/** The connector of the SDKs of one instance name. */
export interface AnalyticsConnector {
  readonly identityStore: IdentityStore;
  readonly eventBridge: EventBridge;
  readonly applicationContextProvider: ApplicationContextProvider;
}

/**
 * A bridge with its receiver. The original declares the receiver private, so `EventBridge` cannot have it.
 */
export type Bridge = EventBridge & { receiver?: AnalyticsEventReceiver };

/** How many events wait for a receiver: the original's number. */
const MAX_WAITING = 512;

/** The connector of this name. One that another SDK made is used, not replaced. */
export function analyticsConnector(instanceName: string): AnalyticsConnector {
  try {
    const connectors = ((globalThis as any).analyticsConnectorInstances ??= {});
    // A name such as `constructor` finds a property of every object.
    return connectors[instanceName]?.identityStore
      ? connectors[instanceName]
      : (connectors[instanceName] = connector());
  } catch {
    // The page refuses new globals, so no other SDK has a connector either.
    return connector();
  }
}

function connector(): AnalyticsConnector {
  const applicationContextProvider: ApplicationContextProvider = {
    // Without `os` and `deviceModel`, which the original never knows.
    getApplicationContext() {
      const { languages, language }: Partial<Navigator> = attempt(() => globalThis.navigator) ?? {};
      return {
        versionName: applicationContextProvider.versionName,
        language: languages?.[0] || language || '',
        platform: 'Web',
      };
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
      if (!deepEqual(before, identity)) listeners.forEach((listener) => callSafely(() => listener(given)));
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
    updateUserProperties: (actions) =>
      changes.setUserProperties(updatedProperties(draft.userProperties, actions)),
    commit() {
      store.setIdentity(draft);
      return changes;
    },
  };
  return changes.setUserProperties({ ...draft.userProperties });
}

/** A new object. (The original changes the given one.) */
function updatedProperties(
  before: Identity['userProperties'],
  actions: Record<string, Record<string, unknown>>,
): Record<string, unknown> {
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

/** Deep equality. A property that is `undefined` differs from a missing one. */
function deepEqual(a: any, b: any): boolean {
  if (a === b) return true;
  if (Object(a) !== a || Object(b) !== b || Array.isArray(a) !== Array.isArray(b)) return false;
  const names = Object.keys({ ...a, ...b });
  return (
    names.length === Object.keys(a).length &&
    names.length === Object.keys(b).length &&
    names.every((name) => deepEqual(a[name], b[name]))
  );
}

function eventBridge(): Bridge {
  const waiting: AnalyticsEvent[] = [];
  const bridge: Bridge = {
    // Exceptions of the receiver reach the caller, as in the original: it may keep the event.
    logEvent(event) {
      if (bridge.receiver) bridge.receiver(event);
      else if (waiting.length < MAX_WAITING) waiting.push(event);
    },
    setEventReceiver(receiver) {
      bridge.receiver = receiver;
      if (receiver) waiting.splice(0).forEach((event) => callSafely(() => receiver(event)));
    },
  };
  return bridge;
}
