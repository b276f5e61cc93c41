// What a visitor consented to.

/** What the visitor consented to. The numbers are those of Amplitude's documentation. */
export enum ConsentStatus {
  /**
   * No consent: nothing is stored, fetched or tracked, and stored data is deleted. `variant` answers
   * fallbacks.
   */
  REJECTED = 0,
  /** Consent. */
  GRANTED = 1,
  /** Not decided: variants are fetched and kept in memory, exposures wait for consent. */
  PENDING = 2,
}

/** The option `consentOptions`. */
export type ConsentOptions = {
  /** The consent when the client is made. The client keeps it up to date. */
  status: ConsentStatus;
};
