// What may fail and harm nobody: code of the page, and what a browser may refuse.

/** What `theirs` answers; `undefined` where it throws. */
export function attempt<T>(theirs: () => T): T | undefined {
  try {
    return theirs();
  } catch {
    return undefined;
  }
}

/** Calls what is somebody else's. What it throws goes to the console and stops nobody. (With the original it stops everybody.) */
export function isolated(theirs: () => void): void {
  try {
    theirs();
  } catch (error) {
    attempt(() => console.error(error));
  }
}
