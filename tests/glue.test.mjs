// The glue of pkg/glue.mjs under a real trap: what an instance leaves behind harms neither the page nor the
// next instance.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { rewriteGlue } from '../pkg/glue.mjs';
import { clock, decoder, encoder, finalizer, send } from '../target/wasm/trap/platform.js';
import { instantiate } from '../target/wasm/trap/trap.js';

const module = new WebAssembly.Module(
  readFileSync(new URL('../target/wasm/trap/trap_bg.wasm', import.meta.url)),
);
const generated = readFileSync(new URL('../target/bindgen/trap/trap.js', import.meta.url), 'utf8');
const names = JSON.parse(readFileSync(new URL('../target/bindgen/trap/names.json', import.meta.url), 'utf8'));
const rewritten = (source) => rewriteGlue(source, names);
const { RuntimeError } = WebAssembly;

/** A page that records what happens to it, with set answers. */
function page(answers = {}) {
  const notes = [];
  return {
    notes,
    note: (text) => notes.push(text),
    track: () => undefined,
    getUser: () => 'user',
    ...answers,
  };
}

/** An instance that must not trap unless the test says so. */
const start = (onTrap = (error) => assert.fail(error)) => instantiate(module, onTrap);

test('a trap out of a method reaches the caller, and the next instance starts fresh', () => {
  const first = start();
  const machine = new first.Machine(page());
  assert.throws(() => machine.trapNow(), RuntimeError);
  first.retire();
  assert.equal(new (start().Machine)(page()).count(), 0);
});

test('an instance can be linked aside', async () => {
  const aside = (compiled, imports) => WebAssembly.instantiate(compiled, imports);
  const core = await instantiate(module, assert.fail, aside);
  assert.equal(new core.Machine(page()).user(), 'user');
});

test('a timer of a retired instance does nothing', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const [old, next] = [start(), start()];
  const [machine, other] = [new old.Machine(page()), new next.Machine(page())];
  machine.countAfter(10);
  machine.trapAfter(20);
  other.countAfter(20);
  old.retire();
  t.mock.timers.tick(30);
  assert.equal(other.count(), 1);
});

test('a promise callback of a retired instance does nothing', async () => {
  const old = start();
  const { promise, resolve } = deferred();
  const settled = new old.Machine(page()).countWhen(promise);
  old.retire();
  resolve('answer');
  assert.equal(await settled, undefined);
});

test('a listener of a retired instance does nothing, also when its argument needs memory', () => {
  const old = start();
  const machine = new old.Machine(page());
  const listener = machine.listener();
  listener('abc');
  assert.equal(machine.count(), 3);
  old.retire();
  assert.equal(listener('abc'), undefined);
});

test('a trap in a timer stays out of the page, retires the instance and is told once', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const errors = [];
  const machine = new (start((error) => errors.push(error)).Machine)(page());
  machine.trapAfter(10);
  machine.trapAfter(10);
  machine.countAfter(20);
  t.mock.timers.tick(30);
  assert.equal(errors.length, 1);
  assert.ok(errors[0] instanceof RuntimeError);
  assert.throws(() => machine.count(), RuntimeError);
});

test('an error of the page in a timer stays out of the page too', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const errors = [];
  const note = () => {
    throw new TypeError('the page is broken');
  };
  new (start((error) => errors.push(error)).Machine)(page({ note })).noteAfter(10);
  t.mock.timers.tick(10);
  assert.deepEqual(errors.map(String), ['TypeError: the page is broken']);
});

test('a callback that Rust dropped does nothing and harms nothing', async () => {
  const machine = new (start().Machine)(page());
  const { promise, resolve } = deferred();
  const settled = machine.countWhen(promise);
  machine.dropCallbacks();
  resolve('answer');
  await settled;
  assert.equal(machine.count(), 0);
});

test('a frame that is still on the stack when its instance is retired is unwound, not continued', () => {
  const core = start();
  const seen = page({
    track: () => {
      trapAndRetire(core, machine);
    },
  });
  const machine = new core.Machine(seen);
  assert.throws(() => machine.deliver('event'), RuntimeError);
  assert.deepEqual(seen.notes, []);
});

test('a provider that throws after the retirement unwinds the frame as well', () => {
  const core = start();
  const seen = page({
    track: () => {
      trapAndRetire(core, machine);
      throw new Error('provider');
    },
  });
  const machine = new core.Machine(seen);
  assert.throws(() => machine.deliver('event'), RuntimeError);
  assert.deepEqual(seen.notes, []);
});

test('an answer that arrives for a retired frame is not written into the next instance', () => {
  const core = start();
  let other;
  const getUser = () => {
    trapAndRetire(core, machine);
    other = new (start().Machine)(page());
    return 'x'.repeat(100_000);
  };
  const machine = new core.Machine(page({ getUser }));
  assert.throws(() => machine.user(), RuntimeError);
  assert.equal(other.deliver('event'), 'user');
  assert.equal(other.count(), 0);
});

test('a provider that throws is an ordinary refusal while the instance lives', () => {
  const seen = page({
    track: () => {
      throw new Error('provider');
    },
  });
  assert.equal(new (start().Machine)(seen).deliver('event'), 'user');
  assert.deepEqual(seen.notes, ['refused']);
});

test('free() of an old handle does nothing, any other method throws', () => {
  const old = start();
  const [machine, other] = [new old.Machine(page()), new old.Machine(page())];
  old.retire();
  machine.free();
  assert.throws(() => other.count(), RuntimeError);
  assert.throws(() => other.user(), RuntimeError);
  assert.throws(() => new old.Machine(page()), RuntimeError);
});

test('a finalizer of a retired instance does nothing, and one that traps is contained', (t) => {
  const finalizers = [];
  t.mock.method(
    globalThis,
    'FinalizationRegistry',
    class {
      constructor(free) {
        finalizers.push(free);
      }
      register() {}
      unregister() {}
    },
  );
  const errors = [];
  const old = start();
  start((error) => errors.push(error));
  old.retire();
  const [machineOfOld, machineOfNew] = finalizers;
  const nowhere = 0x7fff_fff0;
  machineOfOld(nowhere);
  machineOfNew(nowhere);
  assert.equal(errors.length, 1);
});

test('nothing is touched at import: the module is one function, and it imports what stands beside it', () => {
  assert.match(
    rewritten(generated),
    /^import \{ [\w, ]+ \} from '\.\/platform\.js';\n\nexport function instantiate\(module, onTrap, link = .*\) \{\n[^]*\n\}\n$/,
  );
  assert.equal(rewritten(generated).match(/^export /gm).length, 1);
});

for (const anchor of [
  'const real = (...args) => {',
  'return f(a, state.b, ...args);',
  'real._wbg_cb_unref();\n        }',
  'return f.apply(this, args);',
  'new FinalizationRegistry(',
  'async function __wbg_load(',
]) {
  test(`the build fails when wasm-bindgen stops generating: ${anchor.split('\n')[0]}`, () => {
    assert.ok(generated.includes(anchor));
    assert.throws(() => rewritten(generated.replace(anchor, '')), /the generated glue/);
  });
}

test('the build fails when glue and module disagree about a name', () => {
  const missing = { ...names, exports: names.exports.filter(([name]) => name !== 'machine_count') };
  assert.throws(() => rewriteGlue(generated, missing), /does not export .*machine_count/);
  assert.throws(
    () => rewritten(generated.replace(/__wbg_note_\w+: function/, 'note: function')),
    /0 times, not 1 times/,
  );
});

test('the build fails when wasm-bindgen generates an import or an export that cannot stand in a function', () => {
  assert.throws(() => rewritten(`import * as page from 'page';\n${generated}`), /cannot stand in a function/);
  assert.throws(() => rewritten(`export const page = 1;\n${generated}`), /cannot stand in a function/);
});

/** The platform without a global, for one test. */
function without(t, ...names) {
  for (const name of names) {
    const held = Object.getOwnPropertyDescriptor(globalThis, name);
    if (!held) continue;
    delete globalThis[name];
    t.after(() => Object.defineProperty(globalThis, name, held));
  }
}

test('text is the same without TextEncoder and TextDecoder, whatever is in it', (t) => {
  const theirs = [new TextEncoder(), new TextDecoder('utf-8', { ignoreBOM: true })];
  without(t, 'TextEncoder', 'TextDecoder');
  const [ours, back] = [encoder(), decoder()];
  const letters = [
    'a',
    '%',
    '\0',
    '\x7f',
    '\x80',
    'ÿ',
    'ß',
    '\u07ff',
    '\u0800',
    '雪',
    '\ufeff',
    '\uffff',
    '🚲',
    '\u{10ffff}',
    '\ud800',
    '\udfff',
  ];
  let seed = 1;
  const pick = () => letters[(seed = (seed * 48_271) % 2_147_483_647) % letters.length];
  for (let round = 0; round < 2_000; round++) {
    const text = Array.from({ length: round % 24 }, pick).join('');
    const bytes = theirs[0].encode(text);
    assert.deepEqual(ours.encode(text), bytes, JSON.stringify(text));
    assert.equal(back.decode(bytes), theirs[1].decode(bytes), JSON.stringify(text));
  }
  const long = 'Zürich 🚲 '.repeat(50_000);
  assert.equal(back.decode(ours.encode(long)), long);
  assert.equal(typeof back.decode(Uint8Array.of(0xff, 97)), 'string');
});

test('without a monotonic clock there is the other one, and without finalizers nothing is finalized', (t) => {
  without(t, 'performance', 'FinalizationRegistry');
  assert.ok(Math.abs(clock() - Date.now()) < 60_000);
  finalizer(() => {}).register({}, 1);
});

test('without fetch and XMLHttpRequest a request says that there is no fetch', (t) => {
  without(t, 'fetch', 'XMLHttpRequest');
  assert.throws(() => send('https://example.com', {}), /fetch is not defined/);
});

test('a fetch that refuses the signal of another realm is asked without one, and only then twice', async (t) => {
  const asked = [];
  t.mock.method(globalThis, 'fetch', async (url, { signal }) => {
    asked.push(signal);
    if (url === 'refuse') throw new TypeError('Failed to fetch');
    if (signal)
      throw new TypeError(
        'RequestInit: Expected signal ("AbortSignal {}") to be an instance of AbortSignal.',
      );
    return { status: 200 };
  });
  assert.equal((await send('ask', { signal: 'foreign' })).status, 200);
  await assert.rejects(send('refuse', { signal: 'foreign' }), /Failed to fetch/);
  assert.deepEqual(asked, ['foreign', null, 'foreign']);
});

function trapAndRetire(core, machine) {
  assert.throws(() => machine.trapNow(), RuntimeError);
  core.retire();
}

function deferred() {
  let resolve;
  return {
    promise: new Promise((settle) => {
      resolve = settle;
    }),
    resolve,
  };
}
