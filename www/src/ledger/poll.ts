// When to read: quickly while something is on its way, otherwise about once a second, and never while the page is hidden.

const usualPause = 1_000;
// About what an exposure takes from the page to the server's answer.
const quickPause = 200;
// The server is away or restarting; the console need not fill up meanwhile.
const pauseAfterFailure = 5_000;

/** `read` says whether something is still on its way. */
export function pollWhileVisible(read: () => Promise<boolean>, failed: () => void) {
  let timer = 0;
  let turn = 0;
  const next = (pause: number) => {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(tick, pause);
  };
  const tick = async () => {
    const mine = ++turn;
    let pause = usualPause;
    try {
      if (await read()) pause = quickPause;
    } catch {
      pause = pauseAfterFailure;
      failed();
    }
    if (mine === turn) next(pause);
  };
  document.addEventListener('visibilitychange', () => next(0));
  return { now: () => next(0), soon: () => next(quickPause) };
}
