// Guards against an exhausted stack. A call that finds too little room is deferred as a whole: one that is
// cut off in its middle would leave half-made changes.

import { attempt } from '../runtime/safe-call.js';

/**
 * How deep calls must still go, counted in calls of `recurse`: some 90 KB. Chrome needs 40 KB to compile a
 * function at its first call.
 */
const STACK_LEVELS = 1_200;

/** Calls that found no room. They are made before the next call, and as soon as the stack is empty. */
const deferred: Array<() => void> = [];

/** Whether calls wait. */
export const hasDeferredCalls = (): boolean => deferred.length > 0;

/** Makes the deferred calls. @throws where the stack has no room for another call */
export function ensureStack(): void {
  recurse(STACK_LEVELS);
  for (let call; (call = deferred.shift()); ) attempt(call);
}

function recurse(levels: number): number {
  return levels && 1 + recurse(levels - 1);
}

/** What a deferred call returns. */
type Placeholder = 'nothing' | 'promise' | 'object' | 'this' | 'function';

/** Set at the first call. */
let isWrapped = false;

/**
 * Wraps methods of a class, once, so that they are deferred where the stack has no room. `names`: by what
 * they return then, with spaces between. The wrappers call as little as possible themselves.
 */
export function deferWithoutStack(prototype: any, names: Record<Placeholder, string>): void {
  if (isWrapped) return;
  isWrapped = true;
  for (const kind in names) {
    for (const name of names[kind as Placeholder].split(' '))
      prototype[name] = deferring(prototype[name], kind);
  }
}

function deferring(method: any, kind: string): unknown {
  return function (this: unknown, ...given: unknown[]) {
    try {
      ensureStack();
    } catch {
      let call = () => method.apply(this, given);
      let answer: unknown =
        kind === 'object' ? {} : kind === 'this' ? this : kind === 'function' ? () => {} : undefined;
      if (kind === 'promise') {
        const now = call;
        answer = new Promise((resolve) => (call = () => resolve(now())));
      }
      deferred[deferred.length] = call;
      try {
        void Promise.resolve().then(ensureStack);
      } catch {
        // The next call makes the deferred ones.
      }
      return answer;
    }
    return method.apply(this, given);
  };
}
