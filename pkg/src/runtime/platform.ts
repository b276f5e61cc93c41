// The platform: clock, timers, requests, UTF-8 and finalizers, with substitutes where these are missing,
// broken or forbidden. Each global is read when it is used.
//
// Under jest with jsdom `fetch`, `TextEncoder` and `TextDecoder` are missing, at some edges
// `FinalizationRegistry`, in worklets timers. The generated glue uses this file too: pkg/glue.mjs puts these
// functions in the place of the globals.

import { attempt } from './safe-call.js';

/** Milliseconds of a monotonic clock, where there is one; else of the wall clock. */
export const clock = (): number => attempt(() => performance.now()) ?? Date.now();

/** Where there are no timers, `run` is not called. */
export const setTimer = (run: () => void, millis: number): unknown => attempt(() => setTimeout(run, millis));
export const clearTimer = (timer: any): void => attempt(() => clearTimeout(timer));

/** Where there are no finalizers, an object that is not closed keeps its memory. */
export const finalizer = (
  free: (held: number) => void,
): Pick<FinalizationRegistry<number>, 'register' | 'unregister'> =>
  attempt(() => new FinalizationRegistry(free)) ?? { register() {}, unregister: () => false };

/** A lone surrogate becomes U+FFFD. */
export const encoder = (): Pick<TextEncoder, 'encode'> =>
  attempt(() => new TextEncoder()) ?? {
    encode: (text = '') =>
      Uint8Array.from(unescape(encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'))), (byte: any) =>
        byte.charCodeAt(),
      ),
  };

/** Invalid UTF-8 is not an error. */
export const decoder = (): { decode(bytes: Uint8Array): string } =>
  attempt(() => new TextDecoder('utf-8', { ignoreBOM: true })) ?? {
    decode(bytes) {
      const text = bytes.reduce((text, byte) => text + String.fromCharCode(byte), '');
      return attempt(() => decodeURIComponent(escape(text))) ?? text;
    },
  };

/**
 * Whether this is a compiled module, also of another realm: test runners, frames and workers have a
 * `WebAssembly` of their own.
 */
export const isModule = (source: any): source is WebAssembly.Module =>
  source[Symbol.toStringTag] === 'WebAssembly.Module';

/** The part of a response that is read. */
export interface Answered {
  readonly status: number;
  readonly headers?: { get(name: string): string | null };
  text(): string | Promise<string>;
}

/**
 * Sends a request with `fetch`, or where there is none `XMLHttpRequest`, like the reference.
 * @throws where there is neither
 */
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

/**
 * Node's `fetch`, in tests, refuses the signal of jsdom's `AbortController`. Without the signal the request
 * cannot be aborted.
 */
function retried(url: string, init: RequestInit, error: unknown): Promise<Answered> {
  if (!/Expected signal/.test(String(error))) throw error;
  return fetch(url, { ...init, signal: null });
}
