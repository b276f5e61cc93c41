// What must differ between the two clients, and is made equal before records are compared. Nothing else is.

/** Every string of a value, keys left alone. */
function mapTexts(value, change) {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTexts(item, change)]));
}

/** Seconds since 1970 as `first_seen` has them, in the year of the scripts. */
const seconds = (text) => (/^17676\d{5}(?:\.\d+)?$/.test(text) ? '(first seen)' : text);

const VISITOR = /^EXP_.*_DEFAULT_USER_PROVIDER$/;

const without = (keys, pattern) =>
  Object.fromEntries(Object.entries(keys).filter(([key]) => !pattern.test(key)));

/** For scripts about what is recorded of a visitor. */
export const RECORDED = 'the moment at which a visitor is first recorded';

/** For scripts about what waits where there is no integration. */
export const FOR_NOBODY = 'what waits for an integration that is not there';

export const NORMALIZERS = {
  'the name and version of the library': {
    why: 'each client says its own, in the user and in a header',
    apply: (record) =>
      mapTexts(record, (text) =>
        /^experiment-(?:js-client|wasm)\/\d+\.\d+\.\d+$/.test(text) ? '(library)' : text,
      ),
  },
  'the second argument of `track`': {
    why: 'ours hands the whole event over beside the exposure; the reference has nothing there',
    apply: (record) => ({
      ...record,
      tracked: record.tracked.map(({ event, ...tracked }) =>
        tracked.to.startsWith('provider') ? tracked : { event, ...tracked },
      ),
    }),
  },
  'storage keys of ours': {
    why: 'to whom the stored variants and tracked exposures belong, and the outbox of our provider: the reference stores neither',
    apply: (record) => ({
      ...record,
      stored: record.stored.map(({ local, session }) => ({
        local: without(local, /^amp-exp-.*-(?:identity|exposed)$|^EXP_outbox_/),
        session: without(session, /^EXP_sent_v3_.*-identity$/),
      })),
    }),
  },
  [FOR_NOBODY]: {
    why: 'on a page without an integration the reference keeps each exposure for one that may come, also where a provider took it; scripts of their own show it',
    apply: (record) => ({
      ...record,
      stored: record.stored.map((stored, page) =>
        record.receivers[page].integration ? stored : withoutQueue(stored),
      ),
    }),
  },
  [RECORDED]: {
    why: 'ours asks who is there when the client is made, the reference when it needs to know; scripts of their own compare the records',
    apply: (record) => ({
      ...mapTexts(record, seconds),
      stored: mapTexts(record.stored, seconds).map(({ local, session }) => ({
        local: without(local, VISITOR),
        session: without(session, VISITOR),
      })),
    }),
  },
  'the shape of the queue': {
    why: 'what an integration did not take is one list in the reference, which two tabs overwrite, and one key per event here',
    apply: (record) => ({
      ...record,
      stored: record.stored.map(({ local, session }) => ({ local: withQueue(local), session })),
    }),
  },
  'the time of an event that is told late': {
    why: 'ours says when the variant was met; the reference lets the analytics SDK put in when it heard of it',
    apply: (record) => ({
      ...record,
      tracked: record.tracked.map((tracked) =>
        tracked.event?.eventProperties ? { ...tracked, event: withoutTime(tracked.event) } : tracked,
      ),
    }),
  },
  'ids that the analytics SDK draws': {
    why: 'they are random',
    apply: (record) => ({
      ...record,
      sent: mapTexts(record.sent, (text) =>
        /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(text) ? '(drawn)' : text,
      ),
    }),
  },
};

function withQueue(local) {
  const queue = [];
  for (const [key, value] of Object.entries(local)) {
    if (key.startsWith('EXP_unsent_') && Array.isArray(value)) queue.push(...value);
    if (key.startsWith('EXP_queue_v1_'))
      queue.push({ eventType: value.event_type, eventProperties: value.event_properties });
  }
  const rest = without(local, /^EXP_queue_v1_/);
  const unread = Object.entries(rest).filter(
    ([key, value]) => !(key.startsWith('EXP_unsent_') && Array.isArray(value)),
  );
  return {
    ...Object.fromEntries(unread),
    ...(queue.length && { '(the queue)': queue.map((event) => JSON.stringify(event)).sort() }),
  };
}

function withoutTime({ eventProperties: { time, ...eventProperties }, ...event }) {
  return { ...event, eventProperties };
}

function withoutQueue({ local, session }) {
  return { local: without(local, /^EXP_(?:unsent|queue_v1)_/), session: without(session, /^EXP_sent_v3_/) };
}
