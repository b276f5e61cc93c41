// A call whose promise an instance of the core settles, or the one that comes after it.

import { type ExperimentErrorCode, errorOf } from '../api/error.js';
import type { PendingRequest } from './boundary.js';

/** Asks, and waits. What is not settled by then is in `pending`, where the next instance finds it. `sentence`: what errorOf, where it fails. */
export function pend(
  pending: Set<PendingRequest>,
  sentence: string,
  asked: Pick<PendingRequest, 'isStart' | 'options'>,
  ask: (open: PendingRequest) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const over = (settle: () => void) => {
      isOver = true;
      pending.delete(open);
      settle();
    };
    const open: PendingRequest = {
      ...asked,
      resolve: () => over(resolve),
      reject: (code: ExperimentErrorCode, more: unknown) => over(() => reject(errorOf(sentence, code, more))),
    };
    ask(open);
    // Not before: an instance that takes over in the middle of this call would ask twice.
    if (!isOver) pending.add(open);
  });
}
