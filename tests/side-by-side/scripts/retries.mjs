// What becomes of a fetch that failed: how often it is tried again, when, and what ends that.
import { after, byUser, inTurn, lost, status, text } from '../answers.mjs';
import { INTENDED } from '../intended-differences.mjs';
import { STORE, script } from '../script.mjs';

const ON = { key: 'on', value: 'on' };
const TWO = { key: 'two', value: 'two' };

export default [
  script(
    'a failed fetch is tried again eight times, later each time',
    { answers: { vardata: status(500) } },
    async ({ client, advance }) => {
      await client().fetch({ user_id: 'u' });
      await advance(120_000);
    },
  ),

  script(
    'what a retry gets is stored',
    { answers: { vardata: inTurn(status(500), lost, status(503), { flag: ON }) } },
    async ({ client, advance }) => {
      const page = client();
      await page.fetch({ user_id: 'u' });
      const before = page.variant('flag', 'inline');
      await advance(60_000);
      return [before, page.variant('flag')];
    },
  ),

  script(
    'a retry of some flags is for those flags',
    { local: { [STORE]: { a: 'old', b: 'old' } }, answers: { vardata: inTurn(status(500), { a: ON }) } },
    async ({ client, advance }) => {
      const page = client();
      await page.fetch({ user_id: 'u' }, { flagKeys: ['a'] });
      await advance(60_000);
      return page.all();
    },
  ),

  script(
    'too many requests is tried again, other refusals are not',
    { answers: { vardata: byUser({ a: status(429), b: status(404), c: status(401), d: status(413) }) } },
    async ({ client, advance }) => {
      for (const user_id of ['a', 'b', 'c', 'd']) {
        await client({ instanceName: user_id }).fetch({ user_id });
        await advance(120_000);
      }
    },
  ),

  script(
    'odd answers are tried again',
    {
      answers: {
        vardata: byUser({
          a: status(204),
          b: status(302),
          c: text('nonsense'),
          d: text('null'),
          e: status(201, {}),
        }),
      },
    },
    async ({ client, advance }) => {
      for (const user_id of ['a', 'b', 'c', 'd', 'e']) {
        await client({ instanceName: user_id }).fetch({ user_id });
        await advance(3_000);
        await client({ instanceName: user_id }).fetch({ user_id: `${user_id}2` });
      }
    },
  ),

  script(
    'a server may say when to come back',
    {
      answers: { vardata: inTurn(status(429, '', { 'retry-after': '120' }), { flag: ON }) },
      differs: { what: 'sent', at: [1, 'at'], reference: 500, ours: 120_000, why: INTENDED.retryAfter },
    },
    async ({ client, advance }) => {
      const page = client({ automaticExposureTracking: false });
      await page.fetch({ user_id: 'u' });
      await advance(130_000);
      return page.variant('flag');
    },
  ),

  script(
    'with retries off a failed fetch is not tried again',
    { answers: { vardata: inTurn(status(500), { flag: ON }) } },
    async ({ client, advance }) => {
      const page = client({ retryFetchOnFailure: false });
      await page.fetch({ user_id: 'u' });
      await advance(60_000);
      return page.variant('flag', 'inline');
    },
  ),

  script(
    'a new fetch ends the retries of the one before',
    { answers: { vardata: inTurn(status(500), status(500), { flag: ON }) } },
    async ({ client, advance }) => {
      const page = client();
      await page.fetch({ user_id: 'u' });
      await advance(600);
      await page.fetch({ user_id: 'u' });
      await advance(60_000);
      return page.variant('flag');
    },
  ),

  script(
    'a timed-out fetch is tried again, with ten seconds for each try',
    {
      answers: { vardata: inTurn(after(30_000, {}), after(9_000, { flag: ON })) },
      differs: { what: 'sent', at: [0, 'aborted'], reference: undefined, ours: 2000, why: INTENDED.aborted },
    },
    async ({ client, advance }) => {
      const page = client({ fetchTimeoutMillis: 2000 });
      void page.fetch({ user_id: 'u' });
      await advance(20_000);
      return page.variant('flag');
    },
  ),

  script(
    'retries end with the user they are for',
    {
      answers: { vardata: byUser({ u: status(500), w: { flag: TWO } }) },
    },
    async ({ client, advance }) => {
      const page = client();
      await page.fetch({ user_id: 'u' });
      await page.fetch({ user_id: 'w' });
      await advance(60_000);
      return page.variant('flag');
    },
  ),

  script(
    'retries end when another user is set, too',
    {
      answers: { vardata: inTurn(status(500), { flag: ON }) },
      differs: [
        { what: 'returned', at: [0], reference: 'on', ours: 'inline', why: INTENDED.late },
        {
          what: 'sent',
          as: (sent) => sent.map(({ user }) => user.user_id),
          reference: ['u', 'u'],
          ours: ['u'],
          why: INTENDED.late,
        },
        {
          what: 'stored',
          at: [0, 'local', STORE],
          reference: { flag: ON },
          ours: undefined,
          why: INTENDED.late,
        },
      ],
    },
    async ({ client, advance }) => {
      const page = client({ automaticExposureTracking: false });
      await page.fetch({ user_id: 'u' });
      page.setUser({ user_id: 'w' });
      await advance(60_000);
      return page.variant('flag', 'inline').key;
    },
  ),
];
