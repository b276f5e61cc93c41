// The client of experiment-wasm/evaluate: what users get, beside the reference's client for Node, and whom it
// tells.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import reference from '@amplitude/experiment-node-server';
import { evaluate } from 'experiment-wasm/evaluate';
import { byKey, flags, local, plain, scripted, timed, users } from './local.mjs';

test('variants are those of the client for Node, default ones and all, and of the flags asked for', async () => {
  const { client } = local();
  const theirs = new reference.LocalEvaluationClient('key', { bootstrap: byKey });
  const seen = new Set();
  for (const user of users) {
    for (const keys of [undefined, ['dependent'], ['values', 'group'], ['unknown'], []]) {
      assert.deepEqual(client.evaluateV2(user, keys), plain(theirs.evaluateV2(plain(user), keys)));
      assert.deepEqual(await client.evaluate(user, keys), plain(await theirs.evaluate(plain(user), keys)));
    }
    for (const [key, variant] of Object.entries(client.evaluateV2(user))) seen.add(`${key} ${variant.key}`);
  }
  assert.equal(seen.size, 15, 'every variant of every flag was met');
});

test('the assignment is that of the client for Node, with the names of the events', async (t) => {
  const server = await scripted(t, { body: { code: 200 } });
  const theirs = new reference.LocalEvaluationClient('key', {
    bootstrap: byKey,
    assignmentConfig: {
      apiKey: 'api-key',
      serverUrl: `${server.serverUrl}/2/httpapi`,
      flushQueueSize: 1,
      flushIntervalMillis: 1,
    },
  });
  const { client, tracked } = local({ environmentName: 'production' });
  for (const user of users) {
    theirs.evaluateV2(plain(user));
    client.evaluateV2(user);
    client.evaluateV2(user);
  }
  await server.heard(1);
  const sent = () => server.asked.flatMap(({ body }) => JSON.parse(body).events);
  while (sent().length < users.length) await server.heard(server.asked.length + 1);
  assert.equal(tracked.length, users.length);
  const of = (events) => new Map(events.map((event) => [`${event.user_id} ${event.device_id}`, event]));
  const expected = of(sent());
  for (const [id, { event_type, event_properties, user_properties, time, insert_id }] of of(tracked)) {
    const their = expected.get(id);
    const named = Object.fromEntries(
      Object.entries(their.event_properties).map(([name, value]) => [`[Experiment] ${name}`, value]),
    );
    assert.deepEqual(event_properties, { ...named, '[Experiment] Environment Name': 'production' });
    assert.deepEqual([event_type, user_properties], [their.event_type, their.user_properties]);
    assert.match(insert_id, /^[0-9a-f]{64}$/);
    assert.ok(Math.abs(Date.now() - time) < 60_000);
  }
});

test('a default variant is told as off whatever its key, and so is none; nobody and nothing are not told', () => {
  const { client, tracked } = local({
    bootstrap: [
      {
        key: 'named',
        variants: { control: { key: 'control', metadata: { default: true } } },
        segments: [{ variant: 'control' }],
      },
      { key: 'empty', variants: {}, segments: [] },
    ],
  });
  client.evaluateV2({ user_id: 'u' });
  assert.deepEqual(tracked[0].event_properties, {
    '[Experiment] named.variant': 'off',
    '[Experiment] empty.variant': 'off',
  });
  client.evaluateV2({ user_id: '', user_properties: { plan: 'pro' } });
  client.evaluateV2({ user_id: 'u' }, ['unknown']);
  client.evaluateV2({ user_id: 'u' }, []);
  assert.equal(tracked.length, 1);
});

test('one assignment per user, result and UTC day', () =>
  timed(async (time) => {
    const { client, tracked } = local({ bootstrap: [byKey.values] });
    const ask = (plan) => client.evaluateV2({ user_id: 'u', user_properties: { plan } });
    ['pro', 'pro', 'free', 'pro', 'free'].forEach(ask);
    assert.equal(new Set(tracked.map((event) => event.insert_id)).size, 2);
    await time.pass(4 * 3_600_000 - 1);
    ask('pro');
    assert.equal(tracked.length, 2);
    await time.pass(1);
    ask('pro');
    ask('pro');
    assert.equal(tracked.length, 3);
    assert.equal(new Set(tracked.map((event) => event.insert_id)).size, 3);
  }));

test('the assignments asked about last are remembered, as many as one wants', () => {
  const { client, tracked } = local({ assignmentConfig: { cacheCapacity: 3 } });
  for (const user_id of ['a', 'b', 'c', 'a', 'd', 'a', 'c', 'd', 'b']) client.evaluateV2({ user_id });
  assert.deepEqual(
    tracked.map(({ user_id }) => user_id),
    ['a', 'b', 'c', 'd', 'b'],
  );
});

test('nobody is evaluated with what another user brought', () => {
  const { client } = local();
  const alone = (user) => evaluate(flags, user, undefined, { trace: false }).variants;
  const key = (variants) =>
    Object.fromEntries(Object.entries(variants).map(([name, variant]) => [name, variant.key]));
  for (let at = 0; at < 500; at++) {
    const user = users[(at * 7) % users.length];
    assert.deepEqual(key(client.evaluateV2(user)), key(alone(user)));
  }
  assert.deepEqual(key(client.evaluateV2({})), key(alone({})));
});

test('a provider that throws, rejects or answers false is told again after 1, 5 and 25 seconds, and harms no call', () =>
  timed(async (time) => {
    for (const refuse of [
      () => false,
      () => {
        throw new Error('no');
      },
      () => Promise.reject(new Error('no')),
      async () => false,
    ]) {
      const offered = [];
      const { client, logged } = local({
        assignmentTrackingProvider: { track: (event) => (offered.push(event), refuse()) },
      });
      const user = { user_id: 'u' };
      assert.equal(client.evaluateV2(user).values.key, 'many');
      await time.pass(0);
      for (const millis of [1_000, 5_000, 25_000]) {
        const before = offered.length;
        await time.pass(millis - 1);
        assert.equal(offered.length, before);
        await time.pass(1);
        assert.equal(offered.length, before + 1);
      }
      assert.equal(
        new Set(offered.map((event) => JSON.stringify(event))).size,
        1,
        'the same event each time',
      );
      assert.deepEqual(logged, [['error', '[Experiment] an assignment was given up', 'PROVIDER_REFUSED']]);
      client.evaluateV2(user);
      assert.equal(offered.length, 5, 'the next evaluation tells it');
    }
  }));

test('a provider may evaluate, and what it does with the event is its own affair', () => {
  const tracked = [];
  const { client } = local({
    assignmentTrackingProvider(event) {
      tracked.push(event.user_id);
      event.event_properties = null;
      if (tracked.length < 5) client.evaluateV2({ user_id: `${event.user_id}+` });
    },
  });
  assert.deepEqual(
    Object.keys(client.evaluateV2({ user_id: 'u' })),
    flags.map(({ key }) => key),
  );
  assert.deepEqual(tracked, ['u', 'u+', 'u++', 'u+++', 'u++++']);
});
