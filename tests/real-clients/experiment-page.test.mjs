// @amplitude/experiment-js-client in pages, beside @amplitude/analytics-browser and by itself: fetched,
// shown, and every variant met arrives.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startServer } from '../e2e/server.mjs';
import { browsers } from '../package/browser-fixture.mjs';
import { openEnvironment } from './environments.mjs';
import { config } from './persistent-server.mjs';

const ASSIGNMENT = '[Experiment] Assignment';
const EXPOSURE = '[Experiment] Exposure';

let server;
let here;
before(async () => void (server = await startServer({ config })));
after(() => server?.stop());

for (const name of browsers) {
  describe(`in ${name}`, () => {
    before(async () => void (here = await openEnvironment(name)));
    after(() => here?.close());
    scenarios(name);
  });
}

/** Type, variant met and the user's property, of events that are about a flag or bought. */
const shown = (events) =>
  events
    .filter(({ event_type }) => [EXPOSURE, 'Buy'].includes(event_type))
    .map(({ event_type, event_properties, user_properties }) => [
      event_type,
      event_properties['[Experiment] Variant'],
      user_properties['[Experiment] button'],
    ]);

/** As soon as there are so many of a type. */
async function until(query, event_type, count) {
  for (;;) {
    const events = await server.events(query);
    if (events.filter((event) => event.event_type === event_type).length >= count) return events;
    await new Promise((wake) => setTimeout(wake, 20));
  }
}

function scenarios(browser) {
  const options = () => ({ serverUrl: server.origin, flagsServerUrl: server.origin });

  test('with the analytics SDK: who is there is fetched for, what they meet is an exposure, and later events carry it', () =>
    here.visit(async ({ run }) => {
      const [user, staff] = [`mira-${browser}`, `staff-${browser}`];
      const values = await run(
        async (serverUrl, options, users) => {
          const analytics = await start({ serverUrl });
          analytics.setUserId(users[0]);
          const experiment = Experiment.initializeWithAmplitudeAnalytics('client-key', options);
          await experiment.start();
          const value = (flag) => experiment.variant(flag).value ?? 'none';
          const values = [value('button'), value('button'), value('banner')];
          await analytics.track('Buy').promise;
          analytics.setUserId(users[1]);
          await experiment.fetch();
          values.push(value('button'));
          await analytics.track('Buy').promise;
          await analytics.identify(new sdk.Identify().set('plan', 'none')).promise;
          await experiment.fetch();
          values.push(value('button'));
          await analytics.track('Buy').promise;
          experiment.stop();
          return values;
        },
        `${server.origin}/2/httpapi`,
        options(),
        [user, staff],
      );
      assert.deepEqual(values, ['treatment', 'treatment', 'none', 'control', 'none']);
      const [first, second] = [
        await until({ user_id: user }, ASSIGNMENT, 1),
        await until({ user_id: staff }, ASSIGNMENT, 2),
      ];
      assert.deepEqual(shown(first), [
        [EXPOSURE, 'treatment', 'treatment'],
        [EXPOSURE, undefined, 'treatment'],
        ['Buy', undefined, 'treatment'],
      ]);
      assert.deepEqual(
        first.find(({ event_type }) => event_type === EXPOSURE).event_properties[
          '[Experiment] Experiment Key'
        ],
        'exp-1',
      );
      assert.deepEqual(shown(second), [
        [EXPOSURE, 'control', 'control'],
        ['Buy', undefined, 'control'],
        [EXPOSURE, undefined, undefined],
        ['Buy', undefined, undefined],
      ]);
      assert.deepEqual(
        second
          .filter(({ event_type }) => event_type === ASSIGNMENT)
          .map(({ event_properties }) => event_properties['[Experiment] button.variant']),
        ['control', 'off'],
      );
    }));

  test('with a provider of the page: one exposure a user and variant, transformed and set', () =>
    here.visit(async ({ run }) => {
      const user = `provider-${browser}`;
      await run(
        async (serverUrl, options, user_id) => {
          const analytics = await start({ serverUrl });
          analytics.setUserId(user_id);
          const tracked = [];
          const track = (exposure) => void tracked.push(analytics.track('$exposure', exposure).promise);
          const experiment = Experiment.initialize('client-key', {
            ...options,
            exposureTrackingProvider: { track },
          });
          await experiment.start({ user_id, device_id: analytics.getDeviceId() });
          for (let at = 0; at < 3; at++) experiment.variant('button');
          await Promise.all(tracked);
          experiment.stop();
          await analytics.track('Buy').promise;
        },
        `${server.origin}/2/httpapi`,
        options(),
        user,
      );
      const events = await server.events({ user_id: user });
      assert.deepEqual(shown(events), [
        [EXPOSURE, 'treatment', 'treatment'],
        ['Buy', undefined, 'treatment'],
      ]);
      const { event_properties } = events.find(({ event_type }) => event_type === EXPOSURE);
      assert.deepEqual(Object.keys(event_properties).sort(), [
        '[Experiment] Experiment Key',
        '[Experiment] Flag Key',
        '[Experiment] Variant',
        'metadata',
      ]);
    }));
}
