// @amplitude/analytics-node and @amplitude/analytics-browser, in Node, Chromium and Firefox: what they hand
// over arrives once, whatever comes between.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startServer } from '../e2e/server.mjs';
import { environments, openEnvironment } from './environments.mjs';
import { config, persistentServer } from './persistent-server.mjs';
import { tap } from './tap.mjs';

let server;
let here;
before(async () => void (server = await startServer({ config })));
after(() => server?.stop());

let made = 0;
/** Somebody new. */
const newcomer = () => ({ user_id: `user-${++made}`, device_id: `device-${made}` });

/** Tracks so many events at once with a client of its own; answers the code that became of each. */
async function send(options, who, count, size = 1) {
  const client = await start(options);
  const results = Array.from(
    { length: count },
    (_, at) => client.track('Buy', { at, text: 'x'.repeat(size) }, who).promise,
  );
  return (await Promise.all(results)).map(({ code }) => code);
}

const codes = (code, count) => Array(count).fill(code);

/** Demands that events 0 to `count` of somebody are there, each once. */
async function assertOnce(at, { user_id }, count) {
  const events = await at.events({ user_id, event_type: 'Buy', limit: 2_000 });
  const numbers = events.map(({ event_properties }) => event_properties.at).sort((one, other) => one - other);
  assert.deepEqual(numbers, [...Array(count).keys()]);
}

/** Tells with a tap before a server, closed when the test is. */
async function tapped(t, at = server) {
  const line = await tap(at.origin);
  t.after(line.close);
  return line;
}

for (const name of environments) {
  describe(`in ${name}`, () => {
    before(async () => void (here = await openEnvironment(name)));
    after(() => here?.close());
    scenarios();
    (name === 'node' ? whenDownInNode : whenDown)();
  });
}

/** A method of `Identify` and what it is given, in order. */
const IDENTIFIED = [
  ['set', 'early', 1],
  ['clearAll'],
  ['set', 'plan', 'free'],
  ['set', 'plan', 'pro'],
  ['set', 'vip', true],
  ['set', 'sizes', ['s', 'm']],
  ['setOnce', 'first', 'a'],
  ['setOnce', 'first', 'b'],
  ['add', 'visits', 1],
  ['add', 'visits', 2.5],
  ['append', 'seen', 'a'],
  ['append', 'seen', ['b', 'a']],
  ['prepend', 'seen', 'z'],
  ['set', 'colour', 'red'],
  ['append', 'colour', 'blue'],
  ['preInsert', 'tags', 'x'],
  ['preInsert', 'tags', ['y', 'x']],
  ['postInsert', 'tags', ['y', 'w']],
  ['remove', 'tags', ['x', 'never']],
  ['set', 'gone', 1],
  ['unset', 'gone'],
  ['remove', 'never', 'a'],
];

function scenarios() {
  test('user properties are what the documentation of the operators says', () =>
    here.visit(async ({ run }) => {
      const who = newcomer();
      const results = await run(
        async (options, who, identified) => {
          const client = await start(options);
          const one = ([operator, ...given]) =>
            client.identify(new sdk.Identify()[operator](...given), who).promise;
          return (await Promise.all(identified.map(one))).map(({ code }) => code);
        },
        { serverUrl: `${server.origin}/2/httpapi` },
        who,
        IDENTIFIED,
      );
      assert.deepEqual(results, codes(200, IDENTIFIED.length));
      const { user_properties } = await server.user({ user_id: who.user_id });
      assert.deepEqual(user_properties, {
        plan: 'pro',
        vip: true,
        sizes: ['s', 'm'],
        first: 'a',
        visits: 3.5,
        seen: ['z', 'a', 'b', 'a'],
        colour: ['red', 'blue'],
        tags: ['y', 'w'],
      });
    }));

  test('revenue is an event, a group is a property, and what is said of a group changes no user', () =>
    here.visit(async ({ run }) => {
      const who = newcomer();
      await run(
        async (options, who) => {
          const client = await start(options);
          const { Identify, Revenue } = sdk;
          client.revenue(
            new Revenue().setProductId('tea').setPrice(3.99).setQuantity(2).setRevenueType('sale'),
            who,
          );
          client.setGroup('org', ['acme', 'umbrella'], who);
          client.groupIdentify('org', 'acme', new Identify().set('tier', 'gold'), who);
          await client.track('Buy', undefined, { ...who, groups: { org: 'acme' } }).promise;
        },
        { serverUrl: `${server.origin}/2/httpapi` },
        who,
      );
      const events = await server.events({ user_id: who.user_id });
      assert.deepEqual(
        events.map(({ event_type }) => event_type),
        ['revenue_amount', '$identify', '$groupidentify', 'Buy'],
      );
      assert.deepEqual(events[0].event_properties, {
        $productId: 'tea',
        $price: 3.99,
        $quantity: 2,
        $revenueType: 'sale',
      });
      assert.deepEqual(
        events.map(({ user_properties }) => user_properties),
        [{}, ...codes({ org: ['acme', 'umbrella'] }, 3)],
      );
    }));

  test('while the disk is full a request is told to come again, and does', async (t) => {
    const lasting = await persistentServer();
    t.after(lasting.close);
    const line = await tapped(t, lasting);
    await here.visit(async ({ run }) => {
      const who = newcomer();
      await lasting.full(true);
      const sent = run(send, { serverUrl: `${line.origin}/2/httpapi` }, who, 5);
      await line.until(() => line.asked('/2/httpapi').some(({ status }) => status));
      await lasting.full(false);
      assert.deepEqual(await sent, codes(200, 5));
      assert.equal(line.asked('/2/httpapi')[0].status, 503);
      await assertOnce(lasting, who, 5);
    });
  });

  test('a user who sends too much is throttled, and every event arrives', async (t) => {
    const line = await tapped(t);
    await here.visit(async ({ run }) => {
      const who = newcomer();
      // What somebody may have at once, but for a few.
      const events = Array.from({ length: 890 }, () => ({ ...who, event_type: 'Visit' }));
      const body = JSON.stringify({ api_key: 'shop-api-key', events });
      assert.equal((await fetch(`${server.origin}/2/httpapi`, { method: 'POST', body })).status, 200);
      const options = { serverUrl: `${line.origin}/2/httpapi`, flushQueueSize: 90 };
      assert.deepEqual(await run(send, options, who, 90), codes(200, 90));
      const refused = line.asked('/2/httpapi').find(({ status }) => status === 429);
      assert.equal(
        JSON.parse(refused.response).throttled_events.length,
        JSON.parse(refused.body).events.length,
      );
      await assertOnce(server, who, 90);
    });
  });

  test('a burst of hundreds of events, with the settings that the client has by itself, is no attack', async (t) => {
    const line = await tapped(t);
    await here.visit(async ({ run }) => {
      const who = newcomer();
      assert.deepEqual(await run(send, { serverUrl: `${line.origin}/2/httpapi` }, who, 600), codes(200, 600));
      assert.deepEqual(
        line.asked('/2/httpapi').filter(({ status }) => status !== 200),
        [],
      );
      await assertOnce(server, who, 600);
    });
  });

  test('a request that is too large is divided until it passes', async (t) => {
    await here.visit(async ({ run }) => {
      const who = newcomer();
      // Not tapped: what matters is that the answer comes through while the body is still being sent.
      const results = await run(
        send,
        { serverUrl: `${server.origin}/2/httpapi`, flushQueueSize: 24 },
        who,
        24,
        250_000,
      );
      assert.deepEqual(results, codes(200, 24));
      await assertOnce(server, who, 24);
    });
  });

  test('of a mixed request what is good is stored; of a bad one the client gives up every event, and the next is sent', async (t) => {
    const line = await tapped(t);
    await here.visit(async ({ run }) => {
      const who = newcomer();
      const play = async (options, who) => {
        const client = await start(options);
        const bad = () => [
          client.track('$exposure', {}, who),
          client.track('$exposure', { flag_key: 5 }, who),
          client.track('$impression', { variant: 'on' }, who),
        ];
        const codesOf = async (events) =>
          (await Promise.all(events.map(({ promise }) => promise))).map(({ code }) => code);
        return [
          await codesOf(bad()),
          await codesOf([...bad(), client.track('Buy', { at: 0 }, who)]),
          await codesOf([client.track('Buy', { at: 1 }, who)]),
        ];
      };
      assert.deepEqual(
        await run(play, { serverUrl: `${line.origin}/2/httpapi`, flushIntervalMillis: 250 }, who),
        [codes(400, 3), codes(200, 4), [200]],
      );
      const [bad, mixed, good] = line.asked('/2/httpapi').map(({ response }) => JSON.parse(response));
      assert.deepEqual(bad.events_with_missing_fields, { flag_key: [0, 2] });
      assert.deepEqual(bad.events_with_invalid_fields, { flag_key: [1] });
      assert.deepEqual(
        [...mixed.verdicts, ...good.verdicts].map(({ verdict }) => verdict),
        [...codes('rejected', 3), 'stored', 'stored'],
      );
      assert.equal(line.asked('/2/httpapi').length, 3);
      await assertOnce(server, who, 2);
    });
  });

  test('a client with a wrong key gives up at once', async (t) => {
    const line = await tapped(t);
    await here.visit(async ({ run }) => {
      const who = newcomer();
      const result = await run(
        async (options, who) => {
          const client = await start(options);
          return client.track('Buy', {}, who).promise.then(({ code, message }) => [code, message]);
        },
        { serverUrl: `${line.origin}/2/httpapi`, apiKey: 'x' },
        who,
      );
      assert.deepEqual([result, line.asked('/2/httpapi').length], [[400, 'Invalid API key'], 1]);
    });
  });

  test('to /batch a request has many events of one user', async (t) => {
    const line = await tapped(t);
    await here.visit(async ({ run }) => {
      const who = newcomer();
      const options = {
        serverUrl: `${line.origin}/batch`,
        useBatch: true,
        flushQueueSize: 200,
        flushIntervalMillis: 1_000,
      };
      assert.deepEqual(await run(send, options, who, 100), codes(200, 100));
      assert.ok(line.asked('/batch').some(({ body }) => JSON.parse(body).events.length > 30));
      await assertOnce(server, who, 100);
    });
  });

  test('a short id is removed, unless the client asks for short ones', () =>
    here.visit(async ({ run }) => {
      const serverUrl = `${server.origin}/2/httpapi`;
      const [long, short] = [newcomer(), newcomer()];
      long.user_id = short.user_id = `${made}`;
      assert.deepEqual(await run(send, { serverUrl }, long, 1), [200]);
      assert.deepEqual(await run(send, { serverUrl, minIdLength: 1 }, short, 1), [200]);
      const ids = async ({ device_id }) => (await server.events({ device_id })).map(({ user_id }) => user_id);
      assert.deepEqual([await ids(long), await ids(short)], [[null], [`${made}`]]);
    }));
}

/**
 * The answer to a request is lost after so many bytes: the client sends the same again, and no event is there
 * twice.
 */
async function assertLostAnswer(t, bytes) {
  const line = await tapped(t);
  await here.visit(async ({ run }) => {
    const who = newcomer();
    line.breakNext(bytes);
    assert.deepEqual(await run(send, { serverUrl: `${line.origin}/2/httpapi` }, who, 3), codes(200, 3));
    const [, again] = line.asked('/2/httpapi');
    assert.deepEqual(
      JSON.parse(again.response).verdicts.map(({ verdict }) => verdict),
      codes('duplicate', 3),
    );
    await assertOnce(server, who, 3);
  });
}

function whenDown() {
  test('an answer that is lost makes no event twice', (t) => assertLostAnswer(t, 0));

  test('what comes while the server is down arrives when it is up', async (t) => {
    const lasting = await persistentServer();
    t.after(lasting.close);
    const line = await tapped(t, lasting);
    await here.visit(async ({ run }) => {
      const who = newcomer();
      await lasting.down();
      const sent = run(send, { serverUrl: `${line.origin}/2/httpapi` }, who, 5);
      await line.until(() => line.exchanges.length > 1);
      await lasting.up();
      assert.deepEqual(await sent, codes(200, 5));
      await assertOnce(lasting, who, 5);
    });
  });
}

function whenDownInNode() {
  test('an answer that breaks off makes no event twice', (t) => assertLostAnswer(t, 9));

  test('what comes while the server is down is given up by the client itself, and says so', async (t) => {
    const lasting = await persistentServer();
    t.after(lasting.close);
    const options = { serverUrl: `${lasting.origin}/2/httpapi` };
    await lasting.down();
    assert.deepEqual(await send(options, newcomer(), 5), codes(0, 5));
    await lasting.up();
    const who = newcomer();
    assert.deepEqual(await send(options, who, 5), codes(200, 5));
    await assertOnce(lasting, who, 5);
  });
}
