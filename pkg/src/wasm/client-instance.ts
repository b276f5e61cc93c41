// The one instance of the core that all clients and deliveries of a page share: made, guarded, replaced after a trap, given up.
//
// Nothing happens at import. Every call into wasm goes through `call`; callbacks that wasm arms are guarded by the glue and end in `lost`.

import { builtIn } from 'core:built-in';
import { instantiate } from 'core:client';
import type { Core, WasmSource } from './boundary.js';
import { compile, compileAsync, compiled } from './compile.js';
import { type ExperimentError, failed } from '../api/error.js';

/** Stands in while there is no instance, and is told what becomes of it. */
export interface Standby<H> {
  /** The instance is here: take over what was asked meanwhile. */
  arrive(handle: H): void;
  /** It does not come for now: nobody may wait for it any longer. */
  settle(error: ExperimentError): void;
  /** It never comes: remember nothing more. */
  end(): void;
}

/** What lives in the instance and is built again in the next one: a client or a delivery. */
export interface Part<H> {
  build(core: Core): H;
  standby: H & Standby<H>;
  handle?: H;
  /** The instance that `handle` belongs to. */
  of?: Core;
}

/** More traps than this within {@link STORM_MS} and the page goes on without wasm: DESIGN 4.2. */
const STORM = 5;
const STORM_MS = 60_000;

const parts = new Set<Part<any>>();
let live: Core | undefined;
let failure: ExperimentError | undefined;
let booting = false;
let traps: number[] = [];
/** An instance that broke, and what came out of it. What follows from that is done at the next call. */
let broken: { core: Core; error: unknown } | undefined;

/** Takes a part in: it is built now, or when the instance is there. */
export function adopt<H>(part: Part<H>): Part<H> {
  parts.add(part);
  if (failure) giveUp(part, failure);
  else if (live) install(part, live);
  else if (builtIn && !booting) void boot(compiled() ?? builtIn);
  return part;
}

/** Lets a part go: it is not built again. */
export function release(part: Part<any>): void {
  parts.delete(part);
  part.standby.end();
}

/** Builds a part anew: what it is built from has changed. */
export function rebuild(part: Part<{ free?(): void }>): void {
  if (!live || part.of !== live) return;
  part.handle?.free?.();
  part.of = undefined;
  install(part, live);
}

/** Calls into the instance; after a trap once more in the next one; then what stands in answers. */
export function call<H, T>(part: Part<H>, act: (handle: H) => T): T {
  for (let tries = 0; tries < 2 && current(part); tries++) {
    const core = part.of;
    try {
      return act(part.handle as H);
    } catch (error) {
      // No call: when the stack has run out, none can be made, and the instance would stay.
      if (core && core === live) {
        live = undefined;
        broken = { core, error };
      }
    }
  }
  return act(part.standby);
}

/** Starts from bytes or a module. A promise only where the platform wants to compile aside. */
export function boot(from: WasmSource | (() => WasmSource), failed = unavailable): void | Promise<void> {
  let source: WasmSource;
  try {
    source = typeof from === 'function' ? from() : from;
    run(instantiate(compile(source), lost));
  } catch (error) {
    if (isExhausted(error)) throw error;
    // Chrome before 114 compiles more than 4 KB on the main thread only aside.
    return error instanceof RangeError ? bootAside(source!, failed) : failed(error);
  }
}

async function bootAside(source: WasmSource, failed: (cause: unknown) => void): Promise<void> {
  booting = true;
  try {
    run(await instantiate(await compileAsync(source), lost, WebAssembly.instantiate));
  } catch (error) {
    failed(error);
  } finally {
    booting = false;
  }
}

/** Whether the page's answers come from the core now. */
export function isLive(): boolean {
  return !!live;
}

/** Why they never will any more, if so. */
export function whyNot(): ExperimentError | undefined {
  return failure;
}

/** The page's wasm could not be had: nobody waits any longer, another try may follow. */
export function settleAll(error: ExperimentError): void {
  parts.forEach((part) => part.standby.settle(error));
}

function run(core: Core): void {
  if (live) return core.retire();
  live = core;
  parts.forEach((part) => install(part, core));
}

function install<H>(part: Part<H>, core: Core): void {
  if (core !== live || part.of === core) return;
  try {
    const handle = part.build(core);
    part.handle = handle;
    part.of = core;
    part.standby.arrive(handle);
  } catch (error) {
    trapped(core, error);
  }
}

/** Whether the part lives in the instance. After a trap this makes the next one, at once if that can be. */
function current(part: Part<any>): boolean {
  wake();
  if (live && parts.has(part)) install(part, live);
  return !!live && part.of === live;
}

function wake(): void {
  if (broken) bury(broken.core, broken.error);
  const module = compiled();
  if (!live && !failure && !booting && module) void boot(module);
}

/** A callback of the instance trapped; the glue has switched it off by then. */
function lost(error: unknown): void {
  trapped(live, error);
  wake();
}

/** Whatever leaves an export as an exception: nothing of that instance is trusted any more. */
function trapped(core: Core | undefined, error: unknown): void {
  if (!core || core !== live) return;
  live = undefined;
  broken = { core, error };
  void Promise.resolve().then(wake);
}

function bury(core: Core, error: unknown): void {
  core.retire();
  const now = Date.now();
  traps = traps.filter((at) => now - at < STORM_MS);
  broken = undefined;
  // A stack that has run out is the page's doing.
  if (!isExhausted(error) && traps.push(now) >= STORM) {
    fail(failed('the core broke too often: answers are fallbacks', 'WASM_TRAPPED', error));
  } else void Promise.resolve().then(wake);
}

/** What engines say when the stack has run out. */
function isExhausted(error: unknown): boolean {
  return /stack|recursion/.test(String((error as Error)?.message));
}

function fail(error: ExperimentError): void {
  failure = error;
  parts.forEach((part) => giveUp(part, error));
}

function giveUp(part: Part<any>, error: ExperimentError): void {
  part.standby.settle(error);
  part.standby.end();
}

/** The page has no WebAssembly, or does not allow it. */
export function unavailable(cause: unknown): void {
  fail(failed('WebAssembly cannot be used here: answers are fallbacks', 'WASM_UNAVAILABLE', cause));
}
