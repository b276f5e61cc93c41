// Every public method with every wrong kind of argument, in random order: none throws, and the client still
// answers. HOSTILE_CALLS says how many (`make fuzz` makes a million).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assigned, localFlag, nextRun, visitor } from './visitor.mjs';

const CALLS = Number(process.env.HOSTILE_CALLS ?? 30_000);

const deep = (depth) => {
  let value = {};
  for (let at = 0; at < depth; at++) value = at % 2 ? [value] : { value };
  return value;
};
const cyclic = { user_id: 'u' };
cyclic.user_properties = { self: cyclic };
const throwing = new Proxy(
  {},
  {
    get() {
      throw 'get';
    },
    ownKeys() {
      throw 'keys';
    },
    has() {
      throw 'has';
    },
    getPrototypeOf() {
      throw 'prototype';
    },
  },
);
const getter = {
  get user_id() {
    throw new Error('getter');
  },
  user_properties: {
    get plan() {
      throw new Error('getter');
    },
    seats: 1,
  },
};
const long = 'x'.repeat(5 << 20);

/** Rare ones are dear: a text of 5 MB takes 5 ms each time. */
const BAD = [
  undefined,
  null,
  true,
  0,
  -1,
  NaN,
  Infinity,
  5n,
  '',
  'flag',
  'local',
  '"',
  '\ud83d',
  '__proto__',
  'constructor',
  Symbol('s'),
  () => {},
  class {},
  new Date(NaN),
  /x/,
  [],
  [null],
  [[]],
  {},
  cyclic,
  throwing,
  getter,
  Object.freeze({ user_id: 'frozen', user_properties: Object.freeze({}) }),
  Object.create(null),
  new Map([[1, 2]]),
  new Proxy([], {}),
  deep(60),
  deep(3_000),
  {
    toJSON() {
      throw 'no';
    },
  },
  { toJSON: () => undefined },
  { user_id: 5, device_id: {}, groups: 5, group_properties: [], user_properties: 'x' },
  { groups: { org: 'x', other: [null], more: {} } },
  { user_properties: { a: Symbol('s'), b: () => {}, c: 10n } },
  { flagKeys: 5 },
  { flagKeys: [5, null, {}] },
  { expose: false },
  { type: 'integration' },
  {
    type: 'integration',
    track() {
      throw 'no';
    },
    getUser() {
      throw 'no';
    },
    setup() {
      throw 'no';
    },
  },
  { type: 'integration', track: 5, getUser: () => 5, setup: () => 5, teardown: () => 5 },
  { getUser: () => cyclic },
  { getUser: 5 },
];
const RARE = [
  long,
  { user_id: long },
  deep(100_000),
  {
    flag: long,
    user_properties: Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`p${at}`, at])),
  },
];

const METHODS = [
  'start',
  'stop',
  'fetch',
  'variant',
  'exposure',
  'all',
  'clear',
  'getUser',
  'setUser',
  'getUserProvider',
  'setUserProvider',
  'setTracksAssignment',
  'addPlugin',
  'getEvaluationTraces',
  'on',
  'reset',
];

/**
 * Those that answer a promise. `variant` may answer the page's own hostile object, which nobody should look
 * into.
 */
const LATER = ['start', 'fetch', 'setTracksAssignment'];

function random(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (state >>> 8) % below;
  };
}

test(`${CALLS} hostile calls, and the client still answers`, async (t) => {
  t.mock.method(console, 'error', () => {});
  const strays = [];
  const stray = (error) => strays.push(error);
  process.on('unhandledRejection', stray).on('uncaughtException', stray);
  const { client, tracked } = visitor(
    { initialFlags: JSON.stringify([localFlag('local')]) },
    { '/sdk/v2/vardata': { flag: assigned('on') } },
  );
  t.after(() => client.close());
  const pick = random(20_261_125);
  const any = () => (pick(2_000) ? BAD[pick(BAD.length)] : RARE[pick(RARE.length)]);
  for (let call = 0; call < CALLS; call++) {
    const method = METHODS[pick(METHODS.length)];
    try {
      const answer = client[method](any(), any(), any());
      if (LATER.includes(method)) await answer;
    } catch (error) {
      assert.fail(`call ${call}: ${method} threw ${String(error?.stack ?? error)}`);
    }
    if (call % 64 === 0) await nextRun();
  }
  client.setUserProvider({ getUser: () => ({ device_id: 'd' }) });
  client.addPlugin({ type: 'integration', getUser: () => ({}), track: () => true });
  await client.fetch({ user_id: 'after', user_properties: { plan: 'pro' } });
  await nextRun();
  assert.deepEqual([client.variant('flag').value, client.variant('local').value], ['on', 'on']);
  assert.equal(tracked.at(-1).event.user_id, 'after');
  process.off('unhandledRejection', stray).off('uncaughtException', stray);
  assert.deepEqual(strays, []);
  assert.deepEqual(Object.keys(Object.prototype), []);
});
