// Room on the stack. A call that finds too little of it is made later as a whole, so that none is ever made in part: what is cut off in its
// middle leaves marks that nobody takes away.

import { attempt } from './attempt.js';

/** How deep calls must still go, by those of `reach`: twice what the deepest of a client takes. */
const LEVELS = 200;

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

/** As soon as the stack is empty. */
async function later<T>(call: () => T): Promise<T> {
  await undefined;
  makeRoom();
  return call();
}

/** What a method answers where there is no room for it. */
export type Instead = 'nothing' | 'promise' | 'object' | 'this' | 'function';

/** Guards methods of a class by name. Where there is no room nothing is called that could be helped: the guards answer themselves. */
export function guard(methods: any, instead: Record<string, Instead>): void {
  for (const name of Object.keys(instead)) {
    const method = methods[name];
    const kind = instead[name];
    methods[name] = function (...given: unknown[]) {
      try {
        makeRoom();
      } catch {
        const call = () => method.apply(this, given);
        if (kind === 'promise') return later(call);
        late[late.length] = call;
        try {
          void later(() => {});
        } catch {
          // The next call makes up for it.
        }
        return kind === 'object' ? {} : kind === 'this' ? this : kind === 'function' ? () => {} : undefined;
      }
      return method.apply(this, given);
    };
  }
}
