// What an answer looks like, and which source is asked first.

/** A variant of a flag. An empty object means that nothing is known of the flag and no fallback was given. */
export type Variant = {
  /** The variant's key, for instance `control`, `treatment`, `on`, `off`. */
  key?: string;
  /** The variant's value; the same as the key unless the flag says otherwise. */
  value?: string;
  /** The JSON that the flag attaches to the variant. */
  payload?: any;
  /** The experiment's key: it tells two experiments on one flag apart. */
  expKey?: string;
  /** What evaluation says about flag, segment and variant, for instance `default` and `trackExposure`. */
  metadata?: Record<string, unknown>;
};

/** Variants by flag key. */
export type Variants = { [key: string]: Variant };

/** Which variants are asked first. Both fall back on the other, on the call's fallback and on `fallbackVariant`. */
export enum Source {
  /** What the last fetch stored, this page's or an earlier one's: the default. */
  LocalStorage = 'localStorage',
  /** `initialVariants`, even after a fetch: for pages that were rendered with variants evaluated on a server. */
  InitialVariants = 'initialVariants',
}
