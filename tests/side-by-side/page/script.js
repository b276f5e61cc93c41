// What a script finds in its page: storage, the clock, the server, recorders of what was tracked, a client;
// and the record that comes of it.
(() => {
  const { now, at, take, set } = stage.time;
  const { next, aborted, answers, release } = stage.requests;

  const { number, local, session } = stage;
  for (const [name, value] of Object.entries(stage.navigator))
    Object.defineProperty(navigator, name, { configurable: true, value });
  if (!number) for (const storage of [localStorage, sessionStorage]) storage.clear();
  const fill = (storage, entries) =>
    Object.entries(entries).forEach(([key, value]) =>
      storage.setItem(key, typeof value === 'string' ? value : JSON.stringify(value)),
    );
  fill(localStorage, local);
  fill(sessionStorage, session);

  const tracked = [];
  const uncaught = [];
  /** The receivers of exposures on this page. */
  const receivers = { provider: false, integration: false };
  addEventListener('error', ({ error }) => uncaught.push(plain(error)));
  addEventListener('unhandledrejection', ({ reason }) => uncaught.push(plain(reason)));

  /** A value as JSON can hold it; what it cannot is named. A property that is undefined is none. */
  function plain(value, inside = []) {
    if (value === undefined) return '(undefined)';
    if (typeof value === 'function') return `(function ${value.name})`;
    if (typeof value !== 'object' || value === null)
      return Number.isFinite(value) || typeof value !== 'number' ? value : `(${value})`;
    if (inside.includes(value)) return '(cycle)';
    // A full stack is a RangeError, but in Firefox.
    if (value instanceof Error)
      return `(thrown ${value.name === 'InternalError' ? 'RangeError' : value.name})`;
    if (Array.isArray(value)) return value.map((item) => plain(item, [...inside, value]));
    if (value instanceof Promise) return '(promise)';
    const own = Object.keys(value).filter((key) => value[key] !== undefined);
    return Object.fromEntries(own.map((key) => [key, plain(value[key], [...inside, value])]));
  }

  /** Moves time on, from timer to timer, with promises and requests running in between. */
  async function advance(millis) {
    const end = now() + millis;
    await next();
    for (let call; (call = take(end)); await next()) {
      try {
        call();
      } catch (error) {
        uncaught.push(plain(error));
      }
    }
    set(end);
    await next();
  }

  const record = (to, what) => tracked.push({ at: at(), to, ...what });
  const answerOf = (answer, ...given) => (typeof answer === 'function' ? answer(...given) : answer);

  /** An exposure tracking provider that answers `answer`, or what that function says of the exposure. */
  const provider = (answer, name = 'provider') => {
    receivers.provider = true;
    return {
      track(exposure, event) {
        record(name, { exposure: plain(exposure), event: plain(event) });
        return answerOf(answer, exposure);
      },
    };
  };

  /** An integration plugin. `taken`: what `track` answers, or a function of the event. */
  const plugin = ({ taken = true, user = {}, name = 'plugin', type = 'integration', ...more } = {}) => {
    receivers.integration ||= type === 'integration';
    return {
      type,
      track(event) {
        record(name, { event: plain(event) });
        return answerOf(taken, event);
      },
      getUser: () => answerOf(user),
      ...more,
    };
  };

  /** What listens at the event bridge of a connector. */
  const receiver = () => (event) => record('connector', { event: plain(event) });

  /**
   * The flags whose exposures wait for an integration, in the order of their names: the reference's queue, or
   * ours of one key each.
   */
  const waiting = (instance = '$default_instance') => {
    const queue = JSON.parse(localStorage.getItem(`EXP_unsent_${instance}`) ?? '[]').map(
      ({ eventProperties }) => eventProperties,
    );
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(`EXP_queue_v1_${instance}_`));
    const own = keys.map((key) => JSON.parse(localStorage.getItem(key)).event_properties);
    return [...queue, ...own].map(({ flag_key }) => flag_key).sort();
  };

  /** A legacy analytics provider. */
  const legacy = () =>
    Object.fromEntries(
      ['track', 'setUserProperty', 'unsetUserProperty'].map((call) => [
        call,
        (event) => void record('legacy', { call, event: plain(event) }),
      ]),
    );

  /** A logger that counts, by level. */
  const logger = () => {
    const counts = { error: 0, warn: 0, info: 0, debug: 0, verbose: 0 };
    const counting = Object.fromEntries(
      Object.keys(counts).map((level) => [level, () => void counts[level]++]),
    );
    return { ...counting, counts };
  };

  /** What a call answers, or the name of what it throws or rejects with. */
  const attempt = (call) => {
    try {
      const answer = call();
      return answer instanceof Promise
        ? answer.then(plain, (error) => `(rejected ${error?.name ?? typeof error})`)
        : plain(answer);
    } catch (error) {
      return plain(error);
    }
  };

  const read = (storage) => {
    const value = (text) => {
      try {
        return JSON.parse(text);
      } catch {
        return `(text) ${text}`;
      }
    };
    return Object.fromEntries(
      Object.keys(storage)
        .sort()
        .map((key) => [key, value(storage.getItem(key))]),
    );
  };

  const finished = (threw, returned) =>
    stage.finish(
      JSON.stringify({
        threw,
        returned: plain(returned),
        uncaught,
        tracked,
        aborted,
        receivers,
        stored: { local: read(localStorage), session: read(sessionStorage) },
        now: now(),
      }),
    );
  stage.impatient = () => finished('the page did not come to an end');
  /** A client that cannot even be loaded. */
  const failed = ({ message }) => finished(message);
  addEventListener('error', failed);

  /**
   * Runs a page of the script. `stage.done`, which the document made, becomes the record of it, as JSON text.
   */
  stage.run = async (sdk, analytics, { given, key, client: code }, play) => {
    const urls = { serverUrl: location.origin, flagsServerUrl: location.origin };
    const client = (config, apiKey = key) => sdk.Experiment.initialize(apiKey, { ...urls, ...config });
    const clientWithAnalytics = (config, apiKey = 'client-key-abcdef') => {
      receivers.integration = true;
      return sdk.Experiment.initializeWithAmplitudeAnalytics(apiKey, { ...urls, ...config });
    };
    const tools = {
      sdk,
      analytics,
      given,
      key,
      code,
      client,
      clientWithAnalytics,
      provider,
      plugin,
      receiver,
      waiting,
      legacy,
      logger,
      server: { answers, release },
      tracked,
      attempt,
      plain,
      next,
      advance,
      now,
    };
    removeEventListener('error', failed);
    let threw;
    const returned = await (async () => play(tools))().catch(
      (error) => void (threw = `${error?.stack ?? error}`),
    );
    await next();
    finished(threw, returned);
  };
})();
