// @amplitude/experiment-node-server, remote and local, and what it tracks with @amplitude/analytics-node
// inside.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Experiment } from '@amplitude/experiment-node-server';
import { startServer } from '../e2e/server.mjs';
import { config } from './persistent-server.mjs';

const ASSIGNMENT = '[Experiment] Assignment';
const EXPOSURE = '[Experiment] Exposure';

let server;
let made = 0;
let reporting;
before(async () => {
  server = await startServer({ config });
  // Each client is kept under its key and name.
  reporting = {
    apiKey: 'shop-api-key',
    serverUrl: `${server.origin}/batch`,
    flushIntervalMillis: 50,
    logLevel: 0,
  };
});
after(() => server?.stop());

const newcomer = (more) => ({ user_id: `user-${++made}`, device_id: `device-${made}`, ...more });
const remote = () =>
  Experiment.initializeRemote('server-key', { serverUrl: server.origin, instanceName: `remote-${++made}` });

async function local(t, more) {
  const client = Experiment.initializeLocal('server-key', {
    serverUrl: server.origin,
    instanceName: `local-${++made}`,
    ...more,
  });
  await client.start();
  t.after(() => client.stop());
  return client;
}

/** Somebody's events of a type, as soon as there are so many. */
async function until({ user_id }, event_type, count) {
  for (;;) {
    const events = await server.events({ user_id, event_type });
    if (events.length >= count) return events;
    await new Promise((wake) => setTimeout(wake, 20));
  }
}

const keys = (variants) => Object.fromEntries(Object.entries(variants).map(([flag, { key }]) => [flag, key]));

test('remote: variants, default ones too, those asked for, and one assignment', async () => {
  const client = remote();
  const user = newcomer({ user_properties: { plan: 'ü' } });
  const variants = await client.fetchV2(user);
  assert.deepEqual(keys(variants), { banner: 'off', button: 'treatment' });
  assert.deepEqual(
    [variants.button.value, variants.button.payload, variants.banner.metadata.default],
    ['treatment', { label: 'Buy' }, true],
  );
  assert.deepEqual(keys(await client.fetch(user)), { button: 'treatment' });
  assert.deepEqual(keys(await client.fetchV2(newcomer(), { flagKeys: ['banner'] })), { banner: 'off' });
  const [{ event_properties }, ...more] = await until(user, ASSIGNMENT, 1);
  assert.deepEqual(more, []);
  assert.deepEqual(event_properties, {
    '[Experiment] button.variant': 'treatment',
    '[Experiment] button.details': 'v4 rule:everybody',
    '[Experiment] banner.variant': 'off',
    '[Experiment] banner.details': 'v2 rule:nobody yet',
    '[Experiment] slots.variant': 'slot-1',
    '[Experiment] slots.details': 'v1 rule:all',
    '[Experiment] Environment Name': 'shop-backend',
  });
});

test('remote: who wants no assignment has none', async () => {
  const client = remote();
  const [untracked, tracked] = [newcomer(), newcomer()];
  await client.fetchV2(untracked, { tracksAssignment: false });
  await client.fetchV2(tracked, { tracksAssignment: true });
  await until(tracked, ASSIGNMENT, 1);
  assert.deepEqual(await server.events({ user_id: untracked.user_id }), []);
});

test('remote: a wrong key and a user without ids are refused without another try', async () => {
  const wrong = Experiment.initializeRemote('wrong-key', { serverUrl: server.origin, logLevel: 0 });
  await assert.rejects(wrong.fetchV2(newcomer()), { statusCode: 401 });
  await assert.rejects(remote().fetchV2({ user_properties: { plan: 'pro' } }), { statusCode: 400 });
});

test('local: variants of loaded flags, and one assignment a user, result and day over processes', async (t) => {
  const user = newcomer();
  for (const client of [
    await local(t, { assignmentConfig: reporting }),
    await local(t, { assignmentConfig: reporting }),
  ]) {
    for (let at = 0; at < 3; at++)
      assert.deepEqual(keys(client.evaluateV2(user)), {
        banner: 'off',
        button: 'treatment',
        slots: 'slot-1',
      });
    client.evaluateV2({ ...user, user_properties: { plan: 'none' } });
  }
  // Told after all of these by the same clients, so that those of the user have arrived when it has.
  const last = newcomer();
  (await local(t, { assignmentConfig: reporting })).evaluateV2(last, ['button']);
  await until(last, ASSIGNMENT, 1);
  const events = await until(user, ASSIGNMENT, 2);
  assert.deepEqual(
    events.map(({ event_properties }) => event_properties),
    ['treatment', 'off'].map((variant) => ({
      '[Experiment] button.variant': variant,
      '[Experiment] button.details': `v4 rule:${variant === 'off' ? 'left out' : 'everybody'}`,
      '[Experiment] banner.variant': 'off',
      '[Experiment] banner.details': 'v2 rule:nobody yet',
      '[Experiment] slots.variant': 'slot-1',
      '[Experiment] slots.details': 'v1 rule:all',
    })),
  );
  assert.deepEqual(
    events.map(({ user_properties }) => user_properties),
    [{}, {}],
    'an assignment sets nothing',
  );
});

test('local: an exposure for each flag that is not off, with its property, and none for a slot', async (t) => {
  const client = await local(t, { exposureConfig: reporting });
  const user = newcomer({ groups: { org: ['acme'] } });
  for (let at = 0; at < 3; at++) client.evaluateV2(user, undefined, { tracksExposure: true });
  client.evaluateV2(newcomer());
  const events = await until(user, EXPOSURE, 2);
  assert.deepEqual(
    events
      .map(({ event_properties }) => [
        event_properties['[Experiment] Flag Key'],
        event_properties['[Experiment] Variant'],
        event_properties['[Experiment] Experiment Key'],
      ])
      .sort(),
    [
      ['button', 'treatment', 'exp-1'],
      ['slots', 'slot-1', undefined],
    ],
  );
  assert.deepEqual((await server.user({ user_id: user.user_id })).user_properties, {
    '[Experiment] button': 'treatment',
  });
  assert.deepEqual(
    await server.events({ user_id: `user-${made}` }),
    [],
    'who does not ask for it is not exposed',
  );
});

test('remote: exposures that are asked for are tracked once a day, and set and unset properties', async () => {
  const [user, last] = [newcomer(), newcomer()];
  const ask = (who, flagKeys) =>
    remote().fetchV2(who, { tracksAssignment: false, tracksExposure: true, flagKeys });
  await ask(user, ['button', 'banner']);
  await ask(user, ['banner', 'button']);
  // Tracked after what is asked for before it.
  await ask(last, ['button']);
  await until(last, EXPOSURE, 1);
  const events = await server.events({ user_id: user.user_id });
  const seen = events
    .map(({ event_type, event_properties }) => [
      event_type,
      event_properties['[Experiment] Flag Key'],
      event_properties['[Experiment] Variant'],
    ])
    .sort();
  assert.deepEqual(seen, [
    [EXPOSURE, 'banner', undefined],
    [EXPOSURE, 'button', 'treatment'],
  ]);
  assert.deepEqual((await server.user({ user_id: user.user_id })).user_properties, {
    '[Experiment] button': 'treatment',
  });
});

test('what all of these sent counts to no usage', async () => {
  const month = new Date().toISOString().slice(0, 7);
  const { events, tracked_users } = await server.usage({ month });
  assert.deepEqual([events, tracked_users], [0, 0]);
});
