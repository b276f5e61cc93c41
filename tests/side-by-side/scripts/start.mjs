// What `start` gets, when it ends, and that it runs once.

import { after, lost, status } from '../answers.mjs';
import { INTENDED } from '../intended-differences.mjs';
import { script } from '../script.mjs';

const ON = { key: 'on', value: 'on' };

export default [
  script(
    'start gets flags and variants, and only once',
    { answers: { vardata: { flag: ON } } },
    async ({ client, advance }) => {
      const page = client({ pollOnStart: false });
      const answers = [await page.start({ user_id: 'u' }), page.variant('flag'), page.getUser()];
      await page.start({ user_id: 'w' });
      answers.push(page.getUser());
      page.stop();
      page.stop();
      await page.start({ user_id: 'u', device_id: 'd' });
      await advance(1000);
      return [...answers, page.getUser()];
    },
  ),

  script(
    'start does not fetch where that is off',
    { answers: { vardata: { flag: ON } } },
    async ({ client }) => {
      const page = client({ fetchOnStart: false, pollOnStart: false });
      await page.start({ user_id: 'u' });
      return [page.variant('flag', 'inline'), page.getUser()];
    },
  ),

  script(
    'start waits for both answers',
    { answers: { vardata: after(300, { flag: ON }), flags: after(700, []) } },
    async ({ client, advance }) => {
      const page = client({ pollOnStart: false });
      let started = false;
      void page.start({ user_id: 'u' }).then(() => (started = true));
      const seen = [];
      for (let time = 0; time < 4; time++) {
        await advance(200);
        seen.push([page.variant('flag', 'inline').key, started]);
      }
      return seen;
    },
  ),

  ...[
    ['variants', { vardata: status(500), flags: [] }],
    [
      'flags',
      { vardata: { flag: ON }, flags: status(500) },
      {
        what: 'returned',
        at: [0],
        as: (ends) => [ends[1], ends[3]],
        reference: ['inline', 'inline'],
        ours: ['on', 'on'],
        why: INTENDED.startWaits,
      },
    ],
    ['both', { vardata: lost, flags: lost }],
  ].map(([name, answers, differs]) =>
    script(
      `start ends when ${name} cannot be had, and rejects only where that is asked for`,
      { answers, differs },
      async ({ client, advance }) => {
        const ends = [];
        for (const throwOnError of [false, true]) {
          const page = client({
            instanceName: `throws ${throwOnError}`,
            throwOnError,
            retryFetchOnFailure: false,
            pollOnStart: false,
          });
          ends.push(
            await page.start({ user_id: 'u' }).then(
              () => 'resolved',
              () => 'rejected',
            ),
            page.variant('flag', 'inline').key,
          );
          await advance(1000);
        }
        return ends;
      },
    ),
  ),

  script('start without a user is for nobody', { answers: { vardata: { flag: ON } } }, async ({ client }) => {
    const page = client({ pollOnStart: false });
    page.setUser({ user_id: 'u' });
    await page.start();
    return [page.getUser(), page.variant('flag')];
  }),
];
