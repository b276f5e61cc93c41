// What stays in memory: after a hundred thousand users, after as many changes of one user, and after a
// thousand clients that came and went.
import { clientOf, forgotten } from './clients.mjs';
import { breath } from './clock.mjs';
import { flags, randomOf, userOf } from './flags.mjs';

const FLAGS = flags(20);
const OPTIONS = { initialFlags: JSON.stringify(FLAGS) };

/** How often, and after how many the memory is looked at first: what is allocated once is there by then. */
const TURNS = 100_000;
const WARM_TURNS = 10_000;
const CLIENTS = 1_000;
const WARM_CLIENTS = 100;

/**
 * What was in use when all was warm and at the end, and how many turns or clients lie between. `heap` tells
 * how many bytes of JavaScript are in use; `gc` collects the rest.
 */
export async function endure(sdk, { heap, gc }, tell = () => {}) {
  const wasm = watchMemory();
  const look = async () => {
    // What a finalizer lets go, the next collection takes.
    for (let times = 0; times < 3; times++) {
      gc();
      await breath();
    }
    return { heap: heap(), wasm: wasm() };
  };
  const rows = [];
  const row = async (what, warm, all, act) => {
    tell(what);
    await often(0, warm, act);
    const before = await look();
    await often(warm, all, act);
    const after = await look();
    rows.push({ what, before, after, turns: all - warm });
  };
  const random = randomOf(7);
  const meet = (client, user, at) => {
    client.setUser(user);
    client.variant(FLAGS[at % FLAGS.length].key);
  };
  const [crowd, one, first] = [clientOf(sdk, OPTIONS), clientOf(sdk, OPTIONS), userOf(random, 0)];
  await row('100,000 users: setUser, variant', WARM_TURNS, TURNS, (at) =>
    meet(crowd, userOf(random, at), at),
  );
  const changed = (at) => ({ ...userOf(random, at), user_id: first.user_id, device_id: first.device_id });
  await row('one user, 100,000 changes: setUser, variant', WARM_TURNS, TURNS, (at) =>
    meet(one, changed(at), at),
  );
  await row('1,000 clients: initialize, setUser, variant, close', WARM_CLIENTS, CLIENTS, (at) =>
    comeAndGo(sdk, (client) => meet(client, first, at)),
  );
  return rows;
}

/** The reference's clients have no `close`: they are stopped and taken out of the page's register. */
function comeAndGo(sdk, meet) {
  const client = clientOf(sdk, OPTIONS);
  meet(client);
  if (client.close) return client.close();
  client.stop();
  forgotten(client);
}

async function often(from, to, act) {
  for (let at = from; at < to; at++) {
    act(at);
    if (at % 500 === 499) await breath();
  }
}

/** Tells the bytes of all wasm memories that are made from now on: the package does not show its own. */
function watchMemory() {
  const memories = [];
  const { Instance } = WebAssembly;
  WebAssembly.Instance = class extends Instance {
    constructor(...given) {
      super(...given);
      memories.push(...Object.values(this.exports).filter((thing) => thing instanceof WebAssembly.Memory));
    }
  };
  return () => memories.reduce((bytes, { buffer }) => bytes + buffer.byteLength, 0);
}
