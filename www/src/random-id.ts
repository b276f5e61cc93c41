// Ids of eight random hexadecimal digits.

export function randomId(): string {
  // Not randomUUID: it is missing when the page is opened over plain http from another machine.
  const [number] = crypto.getRandomValues(new Uint32Array(1));
  return number!.toString(16).padStart(8, '0');
}
