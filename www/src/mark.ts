// Eight random hexadecimal digits, to tell one new thing from another.

export function randomMark(): string {
  // Not randomUUID: that one is missing when the page is opened over plain http from another machine.
  const [number] = crypto.getRandomValues(new Uint32Array(1));
  return number!.toString(16).padStart(8, '0');
}
