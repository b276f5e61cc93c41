// What a visitor consented to.

/** What the visitor said. The numbers are those of Amplitude's documentation. */
export enum ConsentStatus {
  /** No: nothing is stored, fetched or tracked; what was stored is deleted. `variant` answers fallbacks. */
  REJECTED = 0,
  /** Yes. */
  GRANTED = 1,
  /** Nothing yet: variants are fetched and kept in memory only, exposures wait until the visitor has said yes. */
  PENDING = 2,
}

/** The option `consentOptions`. */
export type ConsentOptions = {
  /** What is known when the page starts. The client keeps it up to date. */
  status: ConsentStatus;
};
