// Plays a script with the reference and with ours in one browser against one server, and says what is wrong
// with what they did.
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { after, before, describe, test } from 'node:test';
import { launch } from '../package/browser-fixture.mjs';
import { load } from './clients.mjs';
import { compare } from './compare.mjs';
import { play } from './play.mjs';
import { referenceRecords } from './reference-records.mjs';
import { SCRIPTS } from './scripts/all.mjs';
import { serve } from './server.mjs';

/** Firefox spends half of its time on telling about requests, which the server sees anyway. */
const OPTIONS = { firefox: { networkEnabled: false } };

/** Always the same where it is free, so that what is kept of the reference has the same addresses. */
const PORTS = { chromium: 28_417, firefox: 28_418 };

/**
 * For a test file: the browser is there until its tests are over. Answers `complaints(script, client?)`: what
 * is wrong, line by line.
 */
export function playBoth(name) {
  const ground = { seats: [] };
  before(async () => {
    const code = await load();
    Object.assign(ground, {
      browser: await launch(name, OPTIONS[name]),
      server: await serve(code, PORTS[name]),
    });
    const { origin } = ground.server;
    ground.records = referenceRecords(name, await ground.browser.version(), code, origin);
  });
  after(async () => {
    ground.records?.write();
    await ground.browser?.close();
    ground.server?.close();
  });
  return async (script, client = 'ours') => {
    const differs = script.differs.filter(({ only = name }) => only === name);
    const judge = (reference, ours) => compare({ ...script, differs }, { reference, ours });
    const kept = ground.records.get(script);
    const played = () => playReference(script, ground);
    const [reference, ours] = await Promise.all([kept ?? played(), play(script, client, ground)]);
    const wrong = judge(reference, ours);
    return kept && wrong.length ? judge(await played(), ours) : wrong;
  };
}

async function playReference(script, ground) {
  const record = await play(script, 'reference', ground);
  ground.records.keep(script, record);
  return record;
}

/** A test for each script. */
export function all(name, complaints) {
  const count = { equal: 0, differing: 0, failed: 0 };
  describe(`side by side in ${name}`, { concurrency: availableParallelism() }, () => {
    for (const script of SCRIPTS) {
      const differs = script.differs.some(({ only = name }) => only === name);
      test(script.name, async () => {
        const wrong = await complaints(script).catch((error) => [String(error?.stack ?? error)]);
        count[wrong.length ? 'failed' : differs ? 'differing' : 'equal']++;
        if (wrong.length) assert.fail(`\n${wrong.join('\n')}`);
      });
    }
    after(() =>
      console.log(
        `in ${name}: ${SCRIPTS.length} scripts, ${count.equal} equal, ${count.differing} with intended differences, ${count.failed} failed`,
      ),
    );
  });
}
