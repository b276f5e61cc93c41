// Room on the stack. A call that finds too little of it is made later as a whole, so that none is ever made in part: what is cut off in its
// middle leaves marks that nobody takes away.

import { attempt } from '../runtime/safe-call.js';

/** How deep calls must still go, by those of `reach`: some 90 KB. Chrome wants 40 of them to compile a function when it is first called. */
const LEVELS = 1_200;

/** Calls that found no room. They are made before the next one, and as soon as the stack is empty. */
const late: Array<() => void> = [];

/** Whether calls wait to be made up for. */
export const isBehind = (): boolean => late.length > 0;

/** Makes up for calls that found no room. @throws where there is none for another one */
export function makeRoom(): void {
  reach(LEVELS);
  for (let call; (call = late.shift()); ) attempt(call);
}

function reach(levels: number): number {
  return levels && 1 + reach(levels - 1);
}

/** What a method answers where there is no room for it. */
export type Instead = 'nothing' | 'promise' | 'object' | 'this' | 'function';

/** Guards methods of a class by their names. Where there is no room nothing is called that could be helped: the guards answer themselves. */
export function guard(methods: any, kind: Instead, names: string): void {
  for (const name of names.split(' ')) {
    const method = methods[name];
    methods[name] = function (...given: unknown[]) {
      try {
        makeRoom();
      } catch {
        let call = () => method.apply(this, given);
        let answer: unknown = kind === 'object' ? {} : kind === 'this' ? this : kind === 'function' ? () => {} : undefined;
        if (kind === 'promise') {
          const now = call;
          answer = new Promise((resolve) => (call = () => resolve(now())));
        }
        late[late.length] = call;
        try {
          void Promise.resolve().then(makeRoom);
        } catch {
          // The next call makes up for it.
        }
        return answer;
      }
      return method.apply(this, given);
    };
  }
}
