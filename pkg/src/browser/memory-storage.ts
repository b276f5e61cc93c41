// A storage that forgets when the page goes, for pages that may not store yet.

/** Where a client keeps text, by key. */
export interface Storage {
  /** What was put; `undefined` or `null` when nothing was, in spite of the type, which is as old as the rest. */
  get(key: string): string;
  put(key: string, value: string): void;
  delete(key: string): void;
}

/** Keeps everything in memory: for pages where nobody consented to storage yet. */
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
