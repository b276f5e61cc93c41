// A storage in memory, which the reference exports too.

/** A storage of text by key. */
export interface Storage {
  /**
   * The text under this key. `undefined` or `null` where there is none, against the type, which is the
   * reference's.
   */
  get(key: string): string;
  put(key: string, value: string): void;
  delete(key: string): void;
}

/** Keeps everything in memory, until the page is left. */
export class MemoryStorage implements Storage {
  private readonly store_ = new Map<string, string>();

  get(key: string): string {
    return this.store_.get(key) as string;
  }
  put(key: string, value: string): void {
    this.store_.set(key, value);
  }
  delete(key: string): void {
    this.store_.delete(key);
  }
}
