// Waits for a condition, and says which one never came.
import { setTimeout as pause } from 'node:timers/promises';

// Far more than anything here takes; a failure is a bug, not a slow machine.
export const patience = 15_000;

/** Resolves with the first answer that is truthy. */
export async function until(what, condition) {
  const deadline = performance.now() + patience;
  for (;;) {
    const answer = await condition();
    if (answer) return answer;
    if (performance.now() > deadline) throw new Error(`never came: ${what}`);
    await pause(20);
  }
}
