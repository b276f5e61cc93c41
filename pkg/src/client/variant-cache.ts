// The answers in front of the core, and the mark of a synchronous run. What an answer is, and when it ends, the core decides.

import { isBehind, makeRoom } from './stack-guard.js';
import type { Variant } from '../api/variant.js';

/** How many answers are remembered as objects. Flags are few; fallbacks can be any number. */
const SHOWN = 1_000;

/**
 * Answers by flag key. They hold until the core says that something changed; whether something changed unseen (the page's address, what a
 * user provider says) is asked once per synchronous run.
 */
export class Answers {
  /** Counts clearings, so that an answer which was overtaken while it was made is not kept. */
  age = 0;
  private kept_ = new Map<string, Variant>();
  /** Those that a fallback would replace. */
  private defaults_ = new Map<string, Variant>();
  /** The objects that the page has, by what the core said and the flag: an answer that holds is one object, asked anew or not. */
  private shown_ = new Map<string, Variant>();
  private running_ = false;

  get(key: string, fallback: unknown): Variant | undefined {
    return this.kept_.get(key) ?? (fallback == null ? this.defaults_.get(key) : undefined);
  }

  /** The object that stands for this answer. */
  shown(text: string, variant: Variant, age: number): Variant {
    if (age !== this.age) return variant;
    const shown = this.shown_.get(text) ?? variant;
    if (this.shown_.size >= SHOWN) this.shown_.clear();
    this.shown_.set(text, shown);
    return shown;
  }

  /** Keeps an answer, unless answers were cleared after `age`. */
  keep(key: string, variant: Variant, isDefault: boolean, age: number): void {
    if (age === this.age) (isDefault ? this.defaults_ : this.kept_).set(key, variant);
  }

  clear(): void {
    this.age++;
    this.kept_.clear();
    this.defaults_.clear();
    this.shown_.clear();
  }

  /** Whether a synchronous run starts with this call. The mark falls in a microtask; timers would outlast the run. */
  begins(): boolean {
    if (isBehind()) makeRoom();
    if (this.running_) return false;
    void Promise.resolve().then(() => this.end());
    return (this.running_ = true);
  }

  end(): void {
    this.running_ = false;
  }
}
