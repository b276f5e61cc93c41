// A call whose promise the instance of the core settles, or after a trap the next one.

import { type ExperimentErrorCode, errorOf } from '../api/error.js';

/** A call of `start` or `fetch` that is not settled. After a trap the next instance gets it again. */
export interface PendingRequest {
  resolve(): void;
  /** `more`: for `HTTP_STATUS` the status, for `NETWORK` the exception of the request. */
  reject(code: ExperimentErrorCode, more?: unknown): void;
  readonly isStart: boolean;
  readonly options?: string;
  /** Whether it waits for the first instance. */
  isQueued?: boolean;
}

/**
 * The promise of a call that the core settles. While it is not settled, the call is in `pending`, from where
 * the next instance gets it.
 *
 * @param sentence the message of the error with which the promise rejects
 * @param call what the next instance needs, to make it again
 * @param make makes the call
 */
export function requestPromise(
  pending: Set<PendingRequest>,
  sentence: string,
  call: Pick<PendingRequest, 'isStart' | 'options'>,
  make: (request: PendingRequest) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let isSettled = false;
    const end = (settle: () => void) => {
      isSettled = true;
      pending.delete(request);
      settle();
    };
    const request: PendingRequest = {
      ...call,
      resolve: () => end(resolve),
      reject: (code: ExperimentErrorCode, more: unknown) => end(() => reject(errorOf(sentence, code, more))),
    };
    make(request);
    // After the call: an instance that replaces this one during the call would make it twice.
    if (!isSettled) pending.add(request);
  });
}
