// Flags for the page: where they come from, how long they stay, how often they are asked for.
import { inTurn, lost, status, text } from '../answers.mjs';
import { flag } from '../flag.mjs';
import { INTENDED } from '../intended-differences.mjs';
import { STORE, script } from '../script.mjs';

/** Every flag's answer, with and without a fallback. */
const ask = ({ client, provider, given: { keys, config = {}, user } }) => {
  const page = client({ ...config, exposureTrackingProvider: provider() });
  page.setUser(user ?? { user_id: 'u' });
  return keys.map((key) => [page.variant(key), page.variant(key, 'inline')]).concat([page.all()]);
};

export default [
  script(
    'start gets flags, evaluates them, and stores them for the next page',
    { answers: { flags: [flag('local'), flag('remote', { evaluationMode: 'remote' })] } },
    [
      async ({ client, provider }) => {
        const page = client({ exposureTrackingProvider: provider(), pollOnStart: false });
        const before = page.variant('local', 'inline');
        await page.start({ user_id: 'u' });
        return [before, page.variant('local'), page.variant('remote'), page.all()];
      },
      ({ client, provider }) => {
        const page = client({ exposureTrackingProvider: provider() });
        page.setUser({ user_id: 'u' });
        return [page.variant('local'), page.all()];
      },
    ],
  ),

  script(
    'flags may be bootstrapped',
    {
      given: {
        keys: ['a', 'b', 'unknown'],
        config: { initialFlags: JSON.stringify([flag('a'), flag('b', { variant: 'off' })]) },
      },
    },
    ask,
  ),

  script(
    'stored flags win over bootstrapped ones',
    {
      local: { [`${STORE}-flags`]: { a: flag('a', { variant: 'two' }) } },
      given: { keys: ['a', 'b'], config: { initialFlags: JSON.stringify([flag('a'), flag('b')]) } },
    },
    ask,
  ),

  script(
    'bootstrapped flags stay where the server has none of that key',
    { answers: { flags: [flag('a', { variant: 'two' })] }, given: JSON.stringify([flag('a'), flag('b')]) },
    async ({ client, given }) => {
      const page = client({ initialFlags: given, pollOnStart: false });
      await page.start({ user_id: 'u' });
      return [page.variant('a'), page.variant('b'), page.all()];
    },
  ),

  script(
    'bootstrapped flags that are not JSON are no flags',
    {
      differs: {
        what: 'returned',
        at: [0],
        reference: '(thrown SyntaxError)',
        ours: { key: 'inline', value: 'inline' },
        why: INTENDED.initialFlags,
      },
    },
    ({ client, attempt }) => attempt(() => client({ initialFlags: 'nonsense' }).variant('a', 'inline')),
  ),

  script(
    'flags that could not be had leave the ones there are',
    {
      local: { [`${STORE}-flags`]: { a: flag('a') } },
      answers: { flags: inTurn(status(500), lost, text('nonsense'), status(404)) },
    },
    async ({ client, advance }) => {
      const page = client({ fetchOnStart: false, pollOnStart: false });
      const answers = [];
      for (let round = 0; round < 4; round++) {
        await page.start({ user_id: 'u' });
        page.stop();
        answers.push(page.variant('a'));
      }
      await advance(1000);
      return answers;
    },
  ),

  script(
    "flags that cannot be had are nobody's error",
    { answers: { flags: inTurn(status(500), lost, text('nonsense')) } },
    async ({ client, logger }) => {
      const loggerProvider = logger();
      const page = client({ loggerProvider, fetchOnStart: false, pollOnStart: false });
      for (let round = 0; round < 3; round++) {
        await page.start({ user_id: 'u' });
        page.stop();
      }
      return loggerProvider.counts;
    },
  ),

  script(
    'new flags replace all old ones',
    { answers: { flags: inTurn([flag('a'), flag('b')], [flag('b', { variant: 'two' })], []) } },
    async ({ client }) => {
      const page = client({ fetchOnStart: false, pollOnStart: false });
      const answers = [];
      for (let round = 0; round < 3; round++) {
        await page.start({ user_id: 'u' });
        page.stop();
        answers.push(page.all());
      }
      return answers;
    },
  ),

  script(
    'start asks for flags once more when polling begins',
    { differs: { what: 'sent', as: (sent) => sent.length, reference: 2, ours: 1, why: INTENDED.polling } },
    async ({ client }) => void (await client({ fetchOnStart: false }).start({ user_id: 'u' })),
  ),

  script(
    'flags are polled, at the interval asked for',
    {
      answers: { flags: inTurn([flag('a')], [flag('a')], [flag('a', { variant: 'two' })]) },
      differs: [
        {
          what: 'returned',
          at: [0],
          reference: ['on', 'on', 'two'],
          ours: ['on', 'on', 'on'],
          why: INTENDED.polling,
        },
        {
          what: 'sent',
          as: (sent) => sent.map(({ at }) => at),
          reference: [0, 0, 0, 90_000, 180_000, 270_000],
          ours: [0, 0, 90_000, 180_000, 270_000],
          why: INTENDED.polling,
        },
      ],
    },
    async ({ client, advance }) => {
      const page = client({ flagConfigPollingIntervalMillis: 90_000 });
      await page.start({ user_id: 'u' });
      const answers = [page.variant('a').key];
      await advance(89_999);
      answers.push(page.variant('a').key);
      await advance(1);
      answers.push(page.variant('a').key);
      await advance(200_000);
      page.stop();
      await advance(200_000);
      return answers;
    },
  ),

  script(
    'the polling interval is five minutes, and never under one',
    {
      differs: {
        what: 'sent',
        as: (sent) =>
          [0, 1, 2, 3].map(
            (place) => sent.filter(({ headers }) => headers.authorization.endsWith(`${place}`)).length,
          ),
        reference: [3, 7, 7, 7],
        ours: [2, 6, 6, 6],
        why: INTENDED.polling,
      },
    },
    async ({ client, advance }) => {
      const clients = [undefined, 1, 59_999, 60_001].map((flagConfigPollingIntervalMillis, place) =>
        client({ flagConfigPollingIntervalMillis, fetchOnStart: false }, `key-of-client-${place}`),
      );
      for (const page of clients) await page.start({ user_id: 'u' });
      await advance(310_000);
      clients.forEach((page) => page.stop());
    },
  ),

  script(
    'polling goes on when a poll fails',
    {
      answers: { flags: inTurn([flag('a')], status(500), lost, [flag('a', { variant: 'two' })]) },
      differs: [
        {
          what: 'returned',
          at: [0],
          reference: ['on', 'two', 'two', 'two', 'two'],
          ours: ['on', 'on', 'two', 'two', 'two'],
          why: INTENDED.polling,
        },
        { what: 'sent', as: (sent) => sent.length, reference: 7, ours: 6, why: INTENDED.polling },
      ],
    },
    async ({ client, advance }) => {
      const page = client({ fetchOnStart: false, flagConfigPollingIntervalMillis: 60_000 });
      await page.start({ user_id: 'u' });
      const answers = [];
      for (let round = 0; round < 5; round++) {
        await advance(60_000);
        answers.push(page.variant('a').key);
      }
      page.stop();
      return answers;
    },
  ),
];
