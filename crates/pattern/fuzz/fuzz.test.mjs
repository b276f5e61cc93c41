import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from './engine.mjs';
import { isMatch } from './javascript.mjs';
import { REGRESS_DIFFERENCES } from './regress-differences.mjs';
import { compare } from './run.mjs';

test('random patterns match as those of JavaScript do', async (t) => {
  const engine = new Engine('pattern');
  t.after(() => engine.close());
  const { matches, differences } = await compare(engine, { pairs: 5_000, seed: 3 });
  assert.deepEqual(differences, []);
  assert.ok(
    matches > 1_000 && matches < 4_000,
    `${matches} of 5000 match: too many or too few to say anything`,
  );
});

for (const { kind, pattern, text, answer } of REGRESS_DIFFERENCES) {
  test(`regress: ${kind}; this crate answers as JavaScript`, async (t) => {
    const [engine, regress] = [new Engine('pattern'), new Engine('regress')];
    t.after(() => Promise.all([engine.close(), regress.close()]));
    const expected = isMatch(pattern, text);
    assert.equal(await engine.isMatch(pattern, text), expected);
    const theirs = await regress.isMatch(pattern, text);
    assert.equal(theirs, answer);
    assert.notEqual(theirs, expected);
  });
}
