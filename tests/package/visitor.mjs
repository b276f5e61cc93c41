// A client in Node for one test: its own instance, a scripted server behind `httpClient`, and what it tracked
// and logged.
import { Experiment } from 'experiment-wasm';

let made = 0;

/** `answers`: by path, an object sent as JSON, or a status. */
export function visitor(options = {}, answers = {}) {
  const tracked = [];
  const logged = [];
  const asked = [];
  const log =
    (level) =>
    (...said) =>
      logged.push([level, ...said]);
  const httpClient = {
    async request(url, method, headers) {
      const { pathname } = new URL(url);
      asked.push({ pathname, headers });
      const answer = answers[pathname] ?? (pathname.endsWith('flags') ? [] : {});
      return typeof answer === 'number'
        ? { status: answer, body: '' }
        : { status: 200, body: JSON.stringify(answer) };
    },
  };
  const client = Experiment.initialize('key', {
    instanceName: `visitor-${++made}`,
    httpClient,
    pollOnStart: false,
    retryFetchOnFailure: false,
    exposureTrackingProvider: { track: (exposure, event) => void tracked.push({ exposure, event }) },
    loggerProvider: {
      error: log('error'),
      warn: log('warn'),
      info: log('info'),
      debug: log('debug'),
      verbose: log('verbose'),
    },
    ...options,
  });
  return { client, tracked, logged, asked, answers };
}

/** A variant as the server answers it. */
export const assigned = (key, more = {}) => ({ key, value: key, ...more });

/**
 * A flag that is evaluated on the page: `on` for those whose user property `plan` is `pro`, else `off`, the
 * default.
 */
export const localFlag = (key) => ({
  key,
  metadata: { evaluationMode: 'local' },
  variants: { on: { key: 'on', value: 'on' }, off: { key: 'off', metadata: { default: true } } },
  segments: [
    {
      conditions: [[{ selector: ['context', 'user', 'user_properties', 'plan'], op: 'is', values: ['pro'] }]],
      variant: 'on',
    },
    { variant: 'off' },
  ],
});

/** The next synchronous run. */
export const nextRun = () => Promise.resolve();
