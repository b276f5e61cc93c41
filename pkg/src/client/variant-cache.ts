// The variants that the core answered, kept in front of it; and whether a synchronous run is under way. How
// long an answer holds, the core decides.

import type { Variant } from '../api/variant.js';
import { ensureStack, hasDeferredCalls } from './stack-guard.js';

/** How many objects are kept. Flags are few; fallbacks can be any number. */
const MAX_OBJECTS = 1_000;

/**
 * Variants by flag key. They hold until the core says that something changed. Changes that nothing announces
 * (the page's address, the answer of a user provider) are looked for once per synchronous run.
 */
export class VariantCache {
  /** Counts the calls of `clear`: an answer of an earlier generation is not kept. */
  generation_ = 0;
  private variants_ = new Map<string, Variant>();
  /** Answers that a fallback would replace. */
  private defaults_ = new Map<string, Variant>();
  /** The objects that the page has, by the core's text and the flag: the same answer is the same object. */
  private objects_ = new Map<string, Variant>();
  private isRunning_ = false;

  get_(key: string, fallback: unknown): Variant | undefined {
    return this.variants_.get(key) ?? (fallback == null ? this.defaults_.get(key) : undefined);
  }

  /** The object that the page has for this answer, else `variant`. */
  sameObject_(text: string, variant: Variant, generation: number): Variant {
    if (generation !== this.generation_) return variant;
    const object = this.objects_.get(text) ?? variant;
    if (this.objects_.size >= MAX_OBJECTS) this.objects_.clear();
    this.objects_.set(text, object);
    return object;
  }

  /** Keeps an answer, unless the cache was cleared since `generation`. */
  set_(key: string, variant: Variant, hasDefault: boolean, generation: number): void {
    if (generation === this.generation_) (hasDefault ? this.defaults_ : this.variants_).set(key, variant);
  }

  clear_(): void {
    this.generation_++;
    this.variants_.clear();
    this.defaults_.clear();
    this.objects_.clear();
  }

  /**
   * Marks a synchronous run, and says whether it starts with this call. A microtask ends it; a timer would
   * outlast it.
   */
  beginRun_(): boolean {
    if (hasDeferredCalls()) ensureStack();
    if (this.isRunning_) return false;
    void Promise.resolve().then(() => this.endRun_());
    return (this.isRunning_ = true);
  }

  endRun_(): void {
    this.isRunning_ = false;
  }
}
