// That the comparison is no matter of form: clients with a fault are complained of, each for what it does.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { faulty } from './clients.mjs';
import { script } from './script.mjs';

const ONE_OF_EACH = script(
  'a variant is fetched and met',
  { answers: { vardata: { flag: { key: 'on', value: 'on' }, flag2: { key: 'on' } } } },
  async ({ client, provider }) => {
    const page = client({ exposureTrackingProvider: provider() });
    await page.fetch({ user_id: 'u' });
    return page.variant('flag');
  },
);

/** Tests of `complaints`, which plays a script. */
export function selfTest(complaints) {
  describe('a difference would be noticed', () => {
    for (const what of ['returned', 'tracked', 'sent', 'stored']) {
      test(`in what is ${what}`, async () => {
        const wrong = await complaints(ONE_OF_EACH, faulty(what));
        assert.ok(
          wrong.length && wrong.every((line) => line.startsWith(what)),
          wrong.join('\n') || 'nothing was noticed',
        );
      });
    }

    test('and so would one that is intended and gone', async () => {
      const differs = [
        { what: 'returned', at: [0, 'key'], reference: 'on', ours: 'off', why: 'for this test' },
      ];
      const [line, ...more] = await complaints({ ...ONE_OF_EACH, differs }, 'reference');
      assert.match(line, /^returned\[0\]\.key: the intended difference is gone/);
      assert.deepEqual(more, []);
    });

    test('and one that is intended, but another', async () => {
      const differs = [
        {
          what: 'returned',
          at: [0],
          reference: { key: 'on', value: 'on' },
          ours: 'other',
          why: 'for this test',
        },
      ];
      const wrong = await complaints({ ...ONE_OF_EACH, differs }, faulty('returned'));
      assert.match(wrong.join(), /^returned\[0\]: ours was meant to be "other", and is \{/);
    });

    test('and so would a page that breaks off with both', async () => {
      const broken = script('broken', () => undefined.nothing);
      assert.equal((await complaints(broken)).length >= 2, true);
    });
  });
}
