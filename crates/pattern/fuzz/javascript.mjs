// The oracle: what this Node's own RegExp answers.

/** `true` or `false`; `null` for a pattern that is refused. */
export function isMatch(pattern, text) {
  try {
    return new RegExp(pattern).test(text);
  } catch {
    return null;
  }
}
