// A client of experiment-wasm/evaluate for one test: its flags and users, a server that says what the test
// wants, and time that stands.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { mock } from 'node:test';
import { LocalEvaluationClient } from 'experiment-wasm/evaluate';

const ofUser = (...selector) => ['context', 'user', ...selector];
const split = (selector, variants) => [
  {
    metadata: { segmentName: 'split' },
    bucket: {
      selector,
      salt: 'salt',
      allocations: [
        {
          range: [0, 80],
          distributions: variants.map((variant, at) => ({
            variant,
            range: [at * 21474837, (at + 1) * 21474837],
          })),
        },
      ],
    },
    variant: 'off',
  },
];
const off = { key: 'off', metadata: { default: true } };
export const flags = [
  {
    key: 'experiment',
    metadata: { flagVersion: 21, experimentKey: 'exp-1' },
    variants: {
      off,
      control: { key: 'control', value: 'control' },
      treatment: { key: 'treatment', value: 'treatment', payload: { size: [1, 2.5] } },
    },
    segments: split(ofUser('user_id'), ['control', 'treatment']),
  },
  {
    key: 'dependent',
    dependencies: ['experiment'],
    metadata: { flagVersion: 2 },
    variants: { on: { key: 'on' }, off },
    segments: [
      {
        conditions: [[{ selector: ['result', 'experiment', 'key'], op: 'is', values: ['treatment'] }]],
        variant: 'on',
      },
      { variant: 'off' },
    ],
  },
  {
    key: 'slots',
    metadata: { flagType: 'mutual-exclusion-group', flagVersion: 1 },
    variants: { 'slot-1': { key: 'slot-1' }, 'slot-2': { key: 'slot-2' }, off },
    segments: split(ofUser('device_id'), ['slot-1', 'slot-2']),
  },
  {
    key: 'held',
    metadata: { flagType: 'holdout-group' },
    variants: { holdout: { key: 'holdout' }, on: { key: 'on' }, off },
    segments: split(ofUser('user_id'), ['holdout', 'on']),
  },
  {
    key: 'values',
    variants: {
      on: { key: 'on', value: { b: 1.0, a: [true, null, 1e21] } },
      many: { key: 'many', value: 5 },
      off,
    },
    segments: [
      {
        conditions: [[{ selector: ofUser('user_properties', 'plan'), op: 'is', values: ['pro'] }]],
        variant: 'on',
      },
      { variant: 'many' },
    ],
  },
  {
    key: 'group',
    variants: { on: { key: 'on', value: 'on' }, off },
    segments: [
      {
        conditions: [
          [
            {
              selector: ['context', 'groups', 'org', 'group_properties', 'tier'],
              op: 'is',
              values: ['gold'],
            },
          ],
        ],
        variant: 'on',
      },
      { variant: 'off' },
    ],
  },
];
export const byKey = Object.fromEntries(flags.map((flag) => [flag.key, flag]));
export const users = Array.from({ length: 24 }, (_, at) => ({
  ...(at % 3 && { user_id: `user-${at}` }),
  ...(at % 2 && { device_id: `device-${at}` }),
  ...(!(at % 6) && { device_id: `device-${at}` }),
  user_properties: { plan: at % 4 ? 'pro' : 'free' },
  ...(at % 5 === 0 && { groups: { org: ['acme'] }, group_properties: { org: { acme: { tier: 'gold' } } } }),
}));
export const plain = (value) => JSON.parse(JSON.stringify(value));
export const flag = (key, variant = 'on') => ({
  key,
  variants: { [variant]: { key: variant } },
  segments: [{ variant }],
});

/** A client that has the flags, and what it tracked and logged. */
export function local(options = {}) {
  const tracked = [];
  const logged = [];
  const log =
    (level) =>
    (...said) =>
      logged.push([level, ...said.map((one) => one.code ?? one)]);
  const loggerProvider = {
    error: log('error'),
    warn: log('warn'),
    info: log('info'),
    debug: log('debug'),
    verbose: log('verbose'),
  };
  const client = new LocalEvaluationClient('server-key', {
    bootstrap: flags,
    assignmentTrackingProvider: (event) => void tracked.push(event),
    loggerProvider,
    ...options,
  });
  return { client, tracked, logged };
}

/** A server that answers in turn, the last answer for ever, and what it was asked. */
export async function scripted(t, ...answers) {
  const asked = [];
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { status = 200, headers = {}, body } = answers.length > 1 ? answers.shift() : answers[0];
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body ?? ''));
    asked.push({
      method: request.method,
      url: request.url,
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    });
    server.emit('asked');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close() && server.closeAllConnections());
  return {
    asked,
    serverUrl: `http://127.0.0.1:${server.address().port}`,
    async heard(times) {
      while (asked.length < times) await once(server, 'asked');
    },
  };
}

/** Time that only the test moves. */
function clock(now = Date.UTC(2026, 10, 25, 20)) {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now });
  const mono = mock.method(performance, 'now', () => Date.now() - now);
  return {
    /** What is due at the end of it is done, and so is what comes of that at once. */
    async pass(millis) {
      mock.timers.tick(millis);
      await new Promise(setImmediate);
    },
    stop() {
      mono.mock.restore();
      mock.timers.reset();
    },
  };
}

export async function timed(play) {
  const time = clock();
  try {
    await play(time);
  } finally {
    time.stop();
  }
}
