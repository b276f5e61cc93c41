// Plays a script with the reference and with ours in one browser against one server, and says what is wrong
// with what they did.
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { after, before, describe, test } from 'node:test';
import { launch } from '../package/browser-fixture.mjs';
import { load } from './clients.mjs';
import { compare } from './compare.mjs';
import { play } from './play.mjs';
import { SCRIPTS } from './scripts/all.mjs';
import { serve } from './server.mjs';

/** Firefox spends half of its time on telling about requests, which the server sees anyway. */
const OPTIONS = { firefox: { networkEnabled: false } };

/**
 * For a test file: the browser is there until its tests are over. Answers `complaints(script, client?)`: what
 * is wrong, line by line.
 */
export function playBoth(name) {
  const ground = { seats: [] };
  before(async () =>
    Object.assign(ground, { browser: await launch(name, OPTIONS[name]), server: await serve(await load()) }),
  );
  after(async () => {
    await ground.browser?.close();
    ground.server?.close();
  });
  return async (script, client = 'ours') => {
    const [reference, ours] = await Promise.all([
      play(script, 'reference', ground),
      play(script, client, ground),
    ]);
    const differs = script.differs.filter(({ only = name }) => only === name);
    return compare({ ...script, differs }, { reference, ours });
  };
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
