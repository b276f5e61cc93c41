// The clients of a page by name (the registry): this copy's own, and those that all copies of the package share. Nothing global is touched at import.

import { attempt } from '../runtime/safe-call.js';

/** A client, as far as it matters here. */
type Closable = { close(): void };

type Clients = Record<string, Closable>;

/** The copy's own clients: another package may replace the shared ones. */
const own: Clients = Object.create(null);

/** The client of this name, made when there is none. */
export function find<C extends Closable>(name: string, make: () => C): C {
  return (own[name] ??= shared(name) ?? share(name, make())) as C;
}

/** A closed client is not found again. */
export function forget(client: Closable): void {
  for (const clients of [own, page()]) {
    for (const name of Object.keys(clients)) if (clients[name] === client) delete clients[name];
  }
}

/** A client that another copy made. One without `close` is another package's. */
function shared(name: string): Closable | undefined {
  const client = page()[name];
  return typeof client?.close === 'function' ? client : undefined;
}

function share(name: string, client: Closable): Closable {
  page()[name] ??= client;
  return client;
}

/** The page's registry, at the place where the reference has it. It is added to, never replaced. */
function page(): Clients {
  return attempt(() => ((globalThis as { experimentInstances?: Clients }).experimentInstances ??= {})) ?? {};
}
