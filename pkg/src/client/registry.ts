// The registry of a page's clients: those of this copy of the package, and those that all copies share. No
// global is touched at import.

import { attempt } from '../runtime/safe-call.js';

/** A client, as far as the registry uses it. */
type Closable = { close(): void };

type Clients = Record<string, Closable>;

/** The clients of this copy: another package may replace the shared ones. */
const own: Clients = Object.create(null);

/** The client of this name; made if there is none. */
export function findOrCreate<C extends Closable>(name: string, make: () => C): C {
  return (own[name] ??= findShared(name) ?? addShared(name, make())) as C;
}

/** Removes a client that was closed. */
export function unregister(client: Closable): void {
  for (const clients of [own, sharedClients()]) {
    for (const name of Object.keys(clients)) if (clients[name] === client) delete clients[name];
  }
}

/** A client that another copy made. A client without `close` is of another package. */
function findShared(name: string): Closable | undefined {
  const client = sharedClients()[name];
  return typeof client?.close === 'function' ? client : undefined;
}

function addShared(name: string, client: Closable): Closable {
  sharedClients()[name] ??= client;
  return client;
}

/** The shared registry: the reference's global. Clients are added to it; it is not replaced. */
function sharedClients(): Clients {
  return attempt(() => ((globalThis as { experimentInstances?: Clients }).experimentInstances ??= {})) ?? {};
}
