// What the core takes from its platform, and what takes its place where that is missing, broken or forbidden: clock, timers, requests, UTF-8
// and finalizers. Nothing is looked up before it is used, and each is looked up by itself.
//
// Under jest with jsdom there is neither `fetch` nor `TextEncoder` and `TextDecoder`; some edges have no `FinalizationRegistry`, worklets no
// timers. The generated glue uses these too: pkg/glue.mjs puts them in the place of the globals.

import { attempt } from './safe-call.js';

/** Milliseconds on a clock that nobody sets, where there is one. */
export const clock = (): number => attempt(() => performance.now()) ?? Date.now();

/** Without timers nothing is ever late: what would be done then is done never. */
export const setTimer = (run: () => void, millis: number): unknown => attempt(() => setTimeout(run, millis));
export const clearTimer = (timer: any): void => attempt(() => clearTimeout(timer));

/** Without finalizers an object that is not closed keeps its memory. */
export const finalizer = (free: (held: number) => void): Pick<FinalizationRegistry<number>, 'register' | 'unregister'> =>
  attempt(() => new FinalizationRegistry(free)) ?? { register() {}, unregister: () => false };

/** A lone surrogate becomes U+FFFD. */
export const encoder = (): Pick<TextEncoder, 'encode'> =>
  attempt(() => new TextEncoder()) ?? {
    encode: (text = '') => Uint8Array.from(unescape(encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'))), (byte: any) => byte.charCodeAt()),
  };

/** What is no UTF-8 is not an error. */
export const decoder = (): { decode(bytes: Uint8Array): string } =>
  attempt(() => new TextDecoder('utf-8', { ignoreBOM: true })) ?? {
    decode(bytes) {
      const text = bytes.reduce((text, byte) => text + String.fromCharCode(byte), '');
      return attempt(() => decodeURIComponent(escape(text))) ?? text;
    },
  };

/** Whether this is a compiled module, whoever compiled it: test runners, frames and workers have a `WebAssembly` each. */
export const isModule = (source: any): source is WebAssembly.Module => source[Symbol.toStringTag] === 'WebAssembly.Module';

/** What is read of an answer. */
export interface Answered {
  readonly status: number;
  readonly headers?: { get(name: string): string | null };
  text(): string | Promise<string>;
}

/** `fetch`, and where there is none `XMLHttpRequest`, as the reference does. Without either it throws that there is no `fetch`. */
export function send(url: string, init: RequestInit): Promise<Answered> {
  const { fetch: isThere, XMLHttpRequest: Request } = globalThis as Partial<typeof globalThis>;
  if (isThere || !Request) return fetch(url, init).catch((error) => retried(url, init, error));
  return new Promise((resolve, reject) => {
    const request = new Request();
    request.open(init.method!, url);
    for (const [name, value] of Object.entries(init.headers!)) request.setRequestHeader(name, value);
    request.onload = () => resolve({ status: request.status, text: () => request.responseText });
    request.onerror = () => reject(new TypeError('XMLHttpRequest failed'));
    request.send(init.body as string);
  });
}

/** A `fetch` that tests took from Node refuses the signal of jsdom's `AbortController`; then the request cannot be aborted. */
function retried(url: string, init: RequestInit, error: unknown): Promise<Answered> {
  if (!/Expected signal/.test(String(error))) throw error;
  return fetch(url, { ...init, signal: null });
}
