// A process of its own for the memory of one client: run.mjs forks it, sends the client's module as a text,
// and is sent the rows.
import { endure } from './memory.mjs';

process.on('message', async (module) => {
  const sdk = await import(`data:text/javascript;base64,${Buffer.from(module).toString('base64')}`);
  const heap = () => process.memoryUsage().heapUsed;
  // The reference's clients have timers that never end.
  process.send(await endure(sdk, { heap, gc: globalThis.gc }), () => process.exit());
});
