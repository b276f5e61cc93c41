// Scripted pages, each played with the reference and with ours in Chromium against one server: what the two
// returned, tracked, sent and stored is the same, but for the differences a script names.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { INTENDED } from './intended-differences.mjs';
import { all, playBoth } from './play-both.mjs';
import { SCRIPTS } from './scripts/all.mjs';
import { selfTest } from './self-test.mjs';

const complaints = playBoth('chromium');

all('chromium', complaints);
selfTest(complaints);

test('there are scripts, and no two have one name', () => {
  const names = SCRIPTS.map(({ name }) => name);
  assert.deepEqual([...new Set(names)], names);
  assert.ok(names.length >= 60);
});

test('every decision is shown by a script', () => {
  const shown = new Set(SCRIPTS.flatMap(({ differs }) => differs.map(({ why }) => why)));
  assert.deepEqual(
    Object.values(INTENDED).filter((why) => !shown.has(why)),
    [],
  );
});
