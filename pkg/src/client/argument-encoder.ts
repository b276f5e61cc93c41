// The arguments of a client's methods in the form that the core reads. Fields that cannot be used are
// reported, each once.

import { badArgument, type ExperimentError } from '../api/error.js';
import { type OnUnusable, toJson } from '../runtime/json.js';
import { fallbackOf } from './fallback.js';

/** A key that crosses to the core as JSON: one with a lone surrogate, and one that looks like JSON itself. */
const NEEDS_QUOTES = /^"|\p{Surrogate}/u;

/** How many unusable fields are reported: a page can have any number of properties. */
const MAX_REPORTS = 100;

export class ArgumentEncoder {
  private readonly reported_ = new Set<string>();

  /** @param report_ gets the error of a field */
  constructor(private readonly report_: (error: ExperimentError) => void) {}

  /** Reports a field that cannot be used, or not whole. */
  readonly onUnusable_: OnUnusable = (field, cause) => {
    if (this.reported_.size >= MAX_REPORTS || this.reported_.has(field)) return;
    this.reported_.add(field);
    this.report_(badArgument(field, cause));
  };

  /** The key as the core reads it; `undefined` for a value that is no key. */
  key_(key: unknown): string | undefined {
    if (typeof key !== 'string') return void this.onUnusable_('key', typeof key);
    return NEEDS_QUOTES.test(key) ? JSON.stringify(key) : key;
  }

  /**
   * The page gets its own fallback object back, so an empty one stands for an object that JSON cannot hold.
   */
  fallback_(fallback: unknown): string | undefined {
    return toJson(fallback, this.onUnusable_, 'fallback') ?? (fallbackOf(fallback) && '{}');
  }

  /** JSON text of an object; `undefined` where there is none. */
  object_(given: unknown, field: string): string | undefined {
    if (given == null) return;
    if (typeof given === 'object') return toJson(given, this.onUnusable_, field);
    this.onUnusable_(field, typeof given);
  }
}
