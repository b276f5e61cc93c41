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
export type Placeholder = 'nothing' | 'promise' | 'object' | 'this' | 'function';

/**
 * Wraps methods of a class, named in a text with spaces between, so that they are deferred where the stack
 * has no room. The wrappers call as little as possible themselves.
 */
export function deferWithoutStack(methods: any, kind: Placeholder, names: string): void {
  for (const name of names.split(' ')) {
    const method = methods[name];
    methods[name] = function (...given: unknown[]) {
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
}
