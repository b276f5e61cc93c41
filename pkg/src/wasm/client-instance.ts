// The instance of the core that all clients and deliveries of a page share: its start, the calls into it, its
// replacement after a trap.
//
// Nothing happens at import. Every call into wasm goes through `callCore`. The glue guards callbacks out of
// wasm; their errors end in `onTrap`.

import { builtIn } from 'core:built-in';
import { instantiate } from 'core:client';
import { type ExperimentError, errorOf } from '../api/error.js';
import type { Core, Driven, WasmSource } from './boundary.js';
import { compile, compileAsync, compiled } from './compile.js';
import { Host, type HostInit } from './host.js';

/** Answers in the place of an instance while there is none, and takes part in what becomes of it. */
export interface Standby<H> {
  /** The instance is here: passes on the calls that were made meanwhile. */
  handOver_(handle: H): void;
  /** Loading failed for now: ends what waits for the instance. */
  settle_(error: ExperimentError): void;
  /** No instance will come: forgets the calls, and remembers no more. */
  discard_(): void;
}

/** A client or a delivery: it lives in the instance, and is built again in the next one. */
export interface CoreSlot<H> {
  build_(core: Core): H;
  standby_: H & Standby<H>;
  handle_?: H;
  /** The instance that `handle` belongs to. */
  of_?: Core;
}

/** After so many traps within {@link TRAP_WINDOW_MS} the page goes on without wasm. */
const MAX_TRAPS = 5;
const TRAP_WINDOW_MS = 60_000;

const slots = new Set<CoreSlot<any>>();
let live: Core | undefined;
let failure: ExperimentError | undefined;
let booting = false;
let traps: number[] = [];
/** An instance that trapped, and its error. The next call retires it. */
let broken: { core: Core; error: unknown } | undefined;

/** Adds a slot, which is built now, or when there is an instance. */
export function register<H>(slot: CoreSlot<H>): CoreSlot<H> {
  slots.add(slot);
  if (failure) discardStandby(slot, failure);
  else if (live) build(slot, live);
  else if (builtIn && !booting) void boot(compiled() ?? builtIn);
  return slot;
}

/** Removes a slot: it is not built again. */
export function unregister(slot: CoreSlot<any>): void {
  slots.delete(slot);
  slot.standby_.discard_();
}

/** Builds a slot again, after a change of what it is built from. */
export function rebuild(slot: CoreSlot<{ free?(): void }>): void {
  if (!live || slot.of_ !== live) return;
  slot.handle_?.free?.();
  slot.of_ = undefined;
  build(slot, live);
}

/** Calls into the instance; after a trap once more, into the next one; then the standby answers. */
export function callCore<H, T>(slot: CoreSlot<H>, act: (handle: H) => T): T {
  for (let tries = 0; tries < 2 && ensureBuilt(slot); tries++) {
    const core = slot.of_;
    try {
      return act(slot.handle_ as H);
    } catch (error) {
      // Without a function call: on an exhausted stack it would fail, and the broken instance would stay.
      if (core && core === live) {
        live = undefined;
        broken = { core, error };
      }
    }
  }
  return act(slot.standby_);
}

/**
 * Starts an instance from bytes or a module. Returns a promise only where the platform compiles off the main
 * thread.
 */
export function boot(from: WasmSource | (() => WasmSource), failed = unavailable): void | Promise<void> {
  let source: WasmSource;
  try {
    source = typeof from === 'function' ? from() : from;
    activate(instantiate(compile(source), onTrap));
  } catch (error) {
    if (isStackOverflow(error)) throw error;
    // Chrome before 114 compiles no more than 4 KB on the main thread.
    return error instanceof RangeError ? bootAsync(source!, failed) : failed(error);
  }
}

async function bootAsync(source: WasmSource, failed: (cause: unknown) => void): Promise<void> {
  booting = true;
  try {
    activate(await instantiate(await compileAsync(source), onTrap, WebAssembly.instantiate));
  } catch (error) {
    failed(error);
  } finally {
    booting = false;
  }
}

/** Whether there is an instance. */
export function isLive(): boolean {
  return !!live;
}

/** Why this page will have no instance any more, if so. */
export function permanentFailure(): ExperimentError | undefined {
  return failure;
}

/** The page could not load the wasm: ends what waits for it. Another try may follow. */
export function settlePending(error: ExperimentError): void {
  slots.forEach((slot) => slot.standby_.settle_(error));
}

/** Makes a client or a delivery, and passes it the results of its effects, as long as the instance lives. */
export function driven<H extends Driven>(core: Core, init: HostInit, make: (host: Host) => H): H {
  // A client that waits for consent stores nothing; it is built again with consent.
  const host = new Host(init, !init.awaitsConsent);
  const handle = make(host);
  host.setCallback_((...result) => {
    try {
      if (core === live) handle.handleCallback_(...result);
    } catch (error) {
      markBroken(core, error);
    }
  });
  return handle;
}

function activate(core: Core): void {
  if (live) return core.retire();
  live = core;
  slots.forEach((slot) => build(slot, core));
}

function build<H>(slot: CoreSlot<H>, core: Core): void {
  if (core !== live || slot.of_ === core) return;
  try {
    const handle = slot.build_(core);
    slot.handle_ = handle;
    slot.of_ = core;
    slot.standby_.handOver_(handle);
  } catch (error) {
    markBroken(core, error);
  }
}

/**
 * Builds the slot where it is not in the instance yet. Says whether it is now. After a trap the next instance
 * starts first.
 */
function ensureBuilt(slot: CoreSlot<any>): boolean {
  ensureInstance();
  if (live && slots.has(slot)) build(slot, live);
  return !!live && slot.of_ === live;
}

function ensureInstance(): void {
  if (broken) retireBroken(broken.core, broken.error);
  const module = compiled();
  if (!live && !failure && !booting && module) void boot(module);
}

/** A callback of the instance trapped, and the glue switched the instance off. */
function onTrap(error: unknown): void {
  markBroken(live, error);
  ensureInstance();
}

/** An exception out of an export, whichever it is, means that the instance is not used again. */
function markBroken(core: Core | undefined, error: unknown): void {
  if (!core || core !== live) return;
  live = undefined;
  broken = { core, error };
  void Promise.resolve().then(ensureInstance);
}

function retireBroken(core: Core, error: unknown): void {
  core.retire();
  const now = Date.now();
  traps = traps.filter((at) => now - at < TRAP_WINDOW_MS);
  broken = undefined;
  // The page exhausted the stack: that is no fault of the core.
  if (!isStackOverflow(error) && traps.push(now) >= MAX_TRAPS) {
    disable(errorOf('the core broke too often: answers are fallbacks', 'WASM_TRAPPED', error));
  } else void Promise.resolve().then(ensureInstance);
}

/** By the words of the engines for an exhausted stack. */
function isStackOverflow(error: unknown): boolean {
  return /stack|recursion/.test(String((error as Error)?.message));
}

function disable(error: ExperimentError): void {
  failure = error;
  slots.forEach((slot) => discardStandby(slot, error));
}

function discardStandby(slot: CoreSlot<any>, error: ExperimentError): void {
  slot.standby_.settle_(error);
  slot.standby_.discard_();
}

/** Gives wasm up for this page: it has no WebAssembly, or does not allow it. */
export function unavailable(cause: unknown): void {
  disable(errorOf('WebAssembly cannot be used here: answers are fallbacks', 'WASM_UNAVAILABLE', cause));
}
