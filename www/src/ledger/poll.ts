// When to read: quickly while an exposure is pending, otherwise about once a second, and not while the page
// is hidden.

const usualPause = 1_000;
// About the time from an exposure to the server's answer.
const quickPause = 200;
// The server is away or restarting; fewer requests keep the console readable.
const pauseAfterFailure = 5_000;

/** `read` returns whether an exposure is pending. */
export function pollWhileVisible(read: () => Promise<boolean>, failed: () => void) {
  let timer = 0;
  let latest = 0;
  const next = (pause: number) => {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(tick, pause);
  };
  const tick = async () => {
    const current = ++latest;
    let pause = usualPause;
    try {
      if (await read()) pause = quickPause;
    } catch {
      pause = pauseAfterFailure;
      failed();
    }
    if (current === latest) next(pause);
  };
  document.addEventListener('visibilitychange', () => next(0));
  return { now: () => next(0), soon: () => next(quickPause) };
}
