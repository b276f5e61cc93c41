// Scripted pages, each played with the reference and with ours in one browser against one server: what the two returned, tracked, sent and stored
// is the same, but for the differences a script names.
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { after, before, describe, test } from 'node:test';
import { launch } from '../package/stage.mjs';
import { faulty, load } from './clients.mjs';
import { compare } from './compare.mjs';
import { DECIDED } from './decided.mjs';
import { play } from './play.mjs';
import { script } from './script.mjs';
import { SCRIPTS } from './scripts/all.mjs';
import { serve } from './server.mjs';

const ground = { seats: [] };
before(async () => Object.assign(ground, { browser: await launch(), server: await serve(await load()) }));
after(async () => {
  await ground.browser?.close();
  ground.server?.close();
});

/** Plays a script with both and answers what is wrong, line by line. */
async function complaints(scripted, client = 'ours') {
  const [reference, ours] = await Promise.all([play(scripted, 'reference', ground), play(scripted, client, ground)]);
  return compare(scripted, { reference, ours });
}

const count = { equal: 0, differing: 0, failed: 0 };

describe('side by side', { concurrency: availableParallelism() }, () => {
  for (const scripted of SCRIPTS) {
    test(scripted.name, async () => {
      const wrong = await complaints(scripted).catch((error) => [String(error?.stack ?? error)]);
      count[wrong.length ? 'failed' : scripted.differs.length ? 'differing' : 'equal']++;
      if (wrong.length) assert.fail(`\n${wrong.join('\n')}`);
    });
  }
  after(() =>
    console.log(`side by side: ${SCRIPTS.length} scripts, ${count.equal} equal, ${count.differing} with intended differences, ${count.failed} failed`),
  );
});

test('there are scripts, and no two have one name', () => {
  const names = SCRIPTS.map(({ name }) => name);
  assert.deepEqual([...new Set(names)], names);
  assert.ok(names.length >= 60);
});

test('every decision is shown by a script', () => {
  const shown = new Set(SCRIPTS.flatMap(({ differs }) => differs.map(({ why }) => why)));
  assert.deepEqual(
    Object.values(DECIDED).filter((why) => !shown.has(why)),
    [],
  );
});

const ONE_OF_EACH = script(
  'a variant is fetched and met',
  { answers: { vardata: { flag: { key: 'on', value: 'on' }, flag2: { key: 'on' } } } },
  async ({ client, provider }) => {
    const page = client({ exposureTrackingProvider: provider() });
    await page.fetch({ user_id: 'u' });
    return page.variant('flag');
  },
);

describe('a difference would be noticed', () => {
  for (const what of ['returned', 'tracked', 'sent', 'stored']) {
    test(`in what is ${what}`, async () => {
      const wrong = await complaints(ONE_OF_EACH, faulty(what));
      assert.ok(wrong.length && wrong.every((line) => line.startsWith(what)), wrong.join('\n') || 'nothing was noticed');
    });
  }

  test('and so would one that is intended and gone', async () => {
    const differs = [{ what: 'returned', at: [0, 'key'], reference: 'on', ours: 'off', why: 'for this test' }];
    const [line, ...more] = await complaints({ ...ONE_OF_EACH, differs }, 'reference');
    assert.match(line, /^returned\[0\]\.key: the intended difference is gone/);
    assert.deepEqual(more, []);
  });

  test('and one that is intended, but another', async () => {
    const differs = [{ what: 'returned', at: [0], reference: { key: 'on', value: 'on' }, ours: 'other', why: 'for this test' }];
    const wrong = await complaints({ ...ONE_OF_EACH, differs }, faulty('returned'));
    assert.match(wrong.join(), /^returned\[0\]: ours was meant to be "other", and is \{/);
  });

  test('and so would a page that breaks off with both', async () => {
    const broken = script('broken', () => undefined.nothing);
    assert.equal((await complaints(broken)).length >= 2, true);
  });
});
