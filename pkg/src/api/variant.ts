// A variant, and the source that takes precedence.

/** A variant of a flag. An empty object where the flag has none and there is no fallback. */
export type Variant = {
  /** The variant's key, for instance `control`, `treatment`, `on`, `off`. */
  key?: string;
  /** The variant's value; the same as the key unless the flag says otherwise. */
  value?: string;
  /** The JSON that the flag attaches to the variant. */
  payload?: any;
  /** The experiment's key: it distinguishes experiments on one flag. */
  expKey?: string;
  /** What evaluation says about flag, segment and variant, for instance `default` and `trackExposure`. */
  metadata?: Record<string, unknown>;
};

/** Variants by flag key. */
export type Variants = { [key: string]: Variant };

/**
 * Which variants take precedence. Where they have none, the others follow, the fallback of the call and
 * `fallbackVariant`.
 */
export enum Source {
  /** Those of the last fetch, of this page or an earlier one: the default. */
  LocalStorage = 'localStorage',
  /** `initialVariants`, also after a fetch: for pages that a server renders with the variants. */
  InitialVariants = 'initialVariants',
}
