// Scripted pages, each played with the reference and with ours in Chromium against one server: what the two returned, tracked, sent and stored
// is the same, but for the differences a script names.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { all, both } from './both.mjs';
import { faulty } from './clients.mjs';
import { DECIDED } from './decided.mjs';
import { script } from './script.mjs';
import { SCRIPTS } from './scripts/all.mjs';

const complaints = both('chromium');

all('chromium', complaints);

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
