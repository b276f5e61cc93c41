// The page's time: it stands still until the script moves it. Made before the client is loaded, so that the
// client knows no other.
//
// `stage` comes from the document: what the clock says, which page of the script this is, and what storage
// starts with.
(() => {
  const { now: startsAt } = stage;

  // Real time, for a script that waits for what never comes; enough of it for a busy machine.
  setTimeout(() => stage.impatient(), 30_000);

  const RealDate = Date;
  let now = startsAt;
  let timers = [];
  let lastTimer = 0;

  function VirtualDate(...given) {
    return new.target
      ? Reflect.construct(RealDate, given.length ? given : [now], new.target)
      : new RealDate(now).toString();
  }
  Object.setPrototypeOf(VirtualDate, RealDate);
  VirtualDate.prototype = RealDate.prototype;
  VirtualDate.now = () => now;
  globalThis.Date = VirtualDate;
  performance.now = () => now - startsAt;

  const arm =
    (every) =>
    (callback, delay = 0, ...given) => {
      // Browsers wait whole milliseconds.
      const wait = Math.max(every ? 1 : 0, Math.trunc(delay) || 0);
      timers.push({ id: ++lastTimer, due: now + wait, every: every && wait, call: () => callback(...given) });
      return lastTimer;
    };
  const disarm = (id) => void (timers = timers.filter((timer) => timer.id !== id));
  Object.assign(globalThis, {
    setTimeout: arm(false),
    setInterval: arm(true),
    clearTimeout: disarm,
    clearInterval: disarm,
  });

  const { port1, port2 } = new MessageChannel();
  const turns = [];
  port1.onmessage = () => turns.shift()();
  /** One turn of the real event loop. */
  const turn = () => new Promise((resolve) => (turns.push(resolve), port2.postMessage(0)));

  /** The timer that is due next, up to a time, if there is one: time is then, and it is as good as called. */
  function take(end) {
    const [timer] = timers
      .filter(({ due }) => due <= end)
      .sort((one, other) => one.due - other.due || one.id - other.id);
    if (!timer) return;
    now = Math.max(now, timer.due);
    if (timer.every) timer.due += timer.every;
    else disarm(timer.id);
    return timer.call;
  }

  stage.time = {
    turn,
    take,
    now: () => now,
    /** Milliseconds since this page was opened. */
    at: () => now - startsAt,
    set: (time) => void (now = time),
  };
})();
