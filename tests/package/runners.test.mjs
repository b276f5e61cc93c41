// Other people's tests: the packed package under jest, vitest and mocha, imported and required, in each of
// their environments. Every run has to end by itself: a client that is closed holds no timer, request or
// socket.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { deferred, scriptedServer } from './browser-fixture.mjs';
import { FLAG } from './runners/suite.cjs';
import { scratch } from './scratch.mjs';

const resolved = createRequire(import.meta.url).resolve;
const tool = (name, path) => join(dirname(resolved(`${name}/package.json`)), path);

/** Far more than a runner takes, in milliseconds: one that does not end has something left open. */
const PATIENCE = 100_000;

const JEST_TIMERS = `{ fake: () => jest.useFakeTimers(), real: () => jest.useRealTimers(), pass: (millis) => jest.advanceTimersByTimeAsync(millis) }`;
const VITEST_TIMERS = JEST_TIMERS.replaceAll('jest', 'vi');
const MOCHA_TIMERS = `{ fake: () => (clock = timers.install()), real: () => clock?.uninstall(), pass: (millis) => clock.tickAsync(millis) }`;
const REQUIRED = `require('experiment-wasm'), require('experiment-wasm/evaluate')`;
const IMPORTED = `import * as ours from 'experiment-wasm';\nimport * as evaluate from 'experiment-wasm/evaluate';\nimport suite from './suite.cjs';\n`;

/** Each file: its environment, and how it comes by the package. */
const FILES = {
  ...Object.fromEntries(
    ['29', '30'].flatMap((version) =>
      [`jest${version}-environment-jsdom`, 'node'].flatMap((environment) => {
        const name = `jest${version}-${environment === 'node' ? 'node' : 'jsdom'}`;
        const head = `/** @jest-environment ${environment === 'node' ? 'node' : dirname(resolved(`${environment}/package.json`))} */\n`;
        return [
          [
            `${name}.test.js`,
            `${head}require('./suite.cjs')('${name} required', ${REQUIRED}, ${JEST_TIMERS}, () => (jest.resetModules(), require('experiment-wasm')));`,
          ],
          [
            `${name}.test.mjs`,
            `${head}${IMPORTED}const { jest } = import.meta;\nsuite('${name} imported', ours, evaluate, ${JEST_TIMERS});`,
          ],
        ];
      }),
    ),
  ),
  ...Object.fromEntries(
    ['node', 'jsdom', 'happy-dom'].flatMap((environment) => {
      const head = `// @vitest-environment ${environment}\n`;
      return [
        [
          `vitest-${environment}-required.test.mjs`,
          `${head}import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);\nrequire('./suite.cjs')('vitest ${environment} required', ${REQUIRED}, ${VITEST_TIMERS});`,
        ],
        [
          `vitest-${environment}-imported.test.mjs`,
          `${head}${IMPORTED}suite('vitest ${environment} imported', ours, evaluate, ${VITEST_TIMERS});`,
        ],
      ];
    }),
  ),
  'mocha.cjs': `let clock;\nconst timers = require(${JSON.stringify(resolved('@sinonjs/fake-timers'))});
    const again = () => { delete require.cache[require.resolve('experiment-wasm')]; return require('experiment-wasm'); };
    describe('required', () => require('./suite.cjs')('mocha required', ${REQUIRED}, ${MOCHA_TIMERS}, again));`,
  'mocha.mjs': `${IMPORTED}import timers from ${JSON.stringify(resolved('@sinonjs/fake-timers'))};\nlet clock;
    describe('imported', () => suite('mocha imported', ours, evaluate, ${MOCHA_TIMERS}));`,
};

let app;
let server;
before(async () => {
  [app, server] = await Promise.all([scratch(), serve()]);
  await cp(new URL('runners/suite.cjs', import.meta.url), join(app.dir, 'suite.cjs'));
  await Promise.all(Object.entries(FILES).map(([name, text]) => app.write(name, text)));
});
after(() => Promise.all([app?.remove(), server?.close()]));

/** Flags, variants and the endpoint of exposures. `/heard` answers when the exposure of that device came. */
async function serve() {
  const headers = {
    'access-control-allow-origin': '*',
    'access-control-allow-headers': '*, authorization',
    'access-control-allow-methods': '*',
  };
  const exposures = {};
  const exposureOf = (device) => (exposures[device] ??= deferred());
  const take = ({ device_id, event_properties: { flag_key, variant } }) =>
    exposureOf(device_id).resolve({ flag_key, variant });
  return scriptedServer({
    '/sdk/v2/flags': { body: [FLAG], headers },
    '/sdk/v2/vardata': { body: { fetched: { key: 'on', value: 'on' } }, headers },
    '/2/httpapi': ({ method, body }) => {
      if (method === 'POST') JSON.parse(body).events.forEach(take);
      return { body: { code: 200 }, headers };
    },
    '/heard': async ({ body }) => ({ body: await exposureOf(body).promise }),
  });
}

/** Runs a runner to its end. Answers what it said; fails where a test did, or the process had to be ended. */
function run(path, args, environment = {}) {
  const env = { ...process.env, ORIGIN: server.origin, CI: 'true', NO_COLOR: '1', ...environment };
  delete env.NODE_TEST_CONTEXT;
  return new Promise((resolve) =>
    execFile(
      process.execPath,
      [path, ...args],
      { cwd: app.dir, env, timeout: PATIENCE },
      (error, stdout, stderr) => {
        assert.equal(error, null, `${stdout}\n${stderr}`);
        resolve(stdout + stderr);
      },
    ),
  );
}

describe('the package in the tests of an app', { concurrency: 2 }, () => {
  for (const version of ['29', '30']) {
    const jest = (pattern, ...more) => [
      tool(`jest${version}`, 'bin/jest.js'),
      [
        '--rootDir',
        '.',
        '--runInBand',
        '--testTimeout',
        '30000',
        '--testMatch',
        `**/jest${version}-${pattern}`,
        ...more,
      ],
    ];

    test(`required under jest ${version}, with jsdom and without`, async () => {
      const said = await run(...jest('*.test.js'));
      assert.match(said, /Tests: +16 passed, 16 total/);
      assert.doesNotMatch(said, /did not exit/);
    });

    test(`imported under jest ${version}, with jsdom and without`, async () => {
      const said = await run(...jest('*.test.mjs'), { NODE_OPTIONS: '--experimental-vm-modules' });
      assert.match(said, /Tests: +14 passed, 14 total/);
      assert.doesNotMatch(said, /did not exit/);
    });
  }

  test('imported and required under vitest, in Node, with jsdom and with happy-dom', async () => {
    const said = await run(tool('vitest', 'vitest.mjs'), [
      'run',
      '--root',
      '.',
      '--globals',
      '--testTimeout',
      '30000',
      'vitest-',
    ]);
    assert.match(said, /Tests +42 passed \(42\)/);
  });

  test('imported and required under mocha', async () => {
    assert.match(
      await run(tool('mocha', 'bin/mocha.js'), ['--timeout', '30000', 'mocha.cjs', 'mocha.mjs']),
      /15 passing/,
    );
  });
});
