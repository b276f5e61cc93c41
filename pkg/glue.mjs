// Rewrites what wasm-bindgen generates, so that a trap can be survived: one module, as many instances as it
// takes.
//
// wasm-bindgen keeps one instance per ES module. After a trap its timers, promise callbacks and finalizers
// still call into the broken instance and throw into the page; with `--experimental-reset-state-function`
// they throw as well, and a Rust frame that is still on the stack (provider -> variant() -> trap -> reset ->
// back) would go on in the old memory with the new instance's allocator. Here the whole glue becomes the body
// of a function, so each instance has a glue of its own, and the old one can be switched off:
//
//   import { instantiate } from '…/target/wasm/client/experiment_wasm.js';
//   // WebAssembly.Module -> { CoreClient, CoreDelivery, retire }; touches nothing at import
//   const core = instantiate(module, onTrap);
//   core.retire(); // the instance is dead; then call instantiate(module, onTrap) for the next one
//   // link(module, imports) -> Promise<Instance>: where the platform links off the main thread only
//   await instantiate(module, onTrap, link);
//
// What holds after retire(), and after an error in a callback, which retires the instance by itself and then
// calls onTrap(error) once:
//   - timers, promise callbacks, event listeners and finalizers of that instance do nothing, silently; so
//     does free() of its handles;
//   - any other method of its handles throws WebAssembly.RuntimeError;
//   - a frame of it that is still on the stack is unwound with WebAssembly.RuntimeError as soon as user code
//     returns to it.
// No error of a callback ever reaches the page, whatever it is. A callback that Rust dropped, or that is
// running, does nothing when called. A trap out of a method reaches the caller as it is (RuntimeError,
// RangeError): the caller decides, and retires.
//
// What the core takes from its platform it takes through pkg/src/runtime/platform.ts, which is put beside the
// glue: no global of a page is named here.
//
// The rewriting is by exact anchors: a wasm-bindgen that generates something else fails the build here
// instead of a page later. The names between glue and module are long, and base64 hides from a compressor
// that they occur twice; wasm-opt shortens them in the module, and its list of them
// (`--minify-imports-and-exports-and-modules`) shortens them here.
// Use: node pkg/glue.mjs DIR/experiment_wasm.js OUT/experiment_wasm.js NAMES.json (the .d.ts beside it is
// rewritten too)
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';

/** The source of what the glue imports. */
export const platform = fileURLToPath(new URL('src/runtime/platform.ts', import.meta.url));

const head = (
  silent,
) => `import { clearTimer, clock, decoder, encoder, finalizer, setTimer } from './platform.js';

export function instantiate(module, onTrap, link = (module, imports) => new WebAssembly.Instance(module, imports)) {
let dead = false;
const gone = () => new WebAssembly.RuntimeError('this instance was retired');
function retire() {
    if (dead) return;
    dead = true;
    wasm = Object.fromEntries(Object.entries(wasm).map(([name, value]) =>
        [name, typeof value !== 'function' ? value : ${JSON.stringify(silent)}.includes(name) ? () => {} : () => { throw gone(); }]));
}
const alive = (call) => (...args) => {
    const result = call(...args);
    if (dead) throw gone();
    return result;
};
function contain(run) {
    if (dead) return;
    try {
        return run();
    } catch (error) {
        if (dead) return;
        retire();
        onTrap(error);
    }
}
const finalization = (free) => finalizer((held) => contain(() => free(held)));
`;

/** Everything from the loader on is replaced: fetching and compiling is TypeScript's business. */
const tail = (names) => `function begin(instance) {
    __wbg_finalize_init(instance, module);
    return { ${[...names, 'retire'].join(', ')} };
}
const linked = link(module, __wbg_get_imports());
return linked.then ? linked.then(begin) : begin(linked);
}
`;

/**
 * What wasm-bindgen's glue takes from a page, and the part of platform.ts that stands for it. Not every
 * module takes all.
 */
const PLATFORM = [
  ["new TextDecoder('utf-8', { ignoreBOM: true });\ncachedTextDecoder.decode()", 'decoder()'],
  ['new TextEncoder()', 'encoder()'],
  ['performance.now()', 'clock()'],
  ['ret = setTimeout(', 'ret = setTimer('],
  ['ret = clearTimeout(', 'ret = clearTimer('],
];

/** What may be called on a retired instance without a word: nothing is left to be freed. */
const SILENT = /_free$|^__wbindgen_destroy_closure$/;

export function rewriteGlue(source, short) {
  const names = exportedNames(source);
  let glue = cut(source, '\nasync function __wbg_load(');
  glue = glue.replace(/^export (?=class |function )/gm, '');
  glue = guardClosures(glue);
  glue = guardImports(glue);
  glue = replace(
    glue,
    'new FinalizationRegistry(',
    'finalization(',
    count(glue, 'typeof FinalizationRegistry ==='),
  );
  glue = plain(glue);
  for (const [global, by] of PLATFORM) glue = glue.replaceAll(global, by);
  const stray = /^\s*(?:import|export)\b.*|import\.meta/m.exec(glue);
  if (stray)
    throw new Error(`the generated glue has a statement that cannot stand in a function: ${stray[0]}`);
  const silent = short.exports.filter(([name]) => SILENT.test(name)).map(([, by]) => by);
  return head(silent) + shorten(glue, short) + tail(names);
}

export function rewriteTypes(source) {
  const names = exportedNames(source);
  const classes = [...source.matchAll(/^export class (\w+)/gm)].map((match) => match[1]);
  const declarations = cut(source, '\nexport type InitInput =').replace(
    /^export (?=class |function )/gm,
    'declare ',
  );
  return `${declarations}
export type { ${classes.join(', ')} };

/** One instance of the module. */
export interface Core {
${names.map((name) => `    readonly ${name}: typeof ${name};`).join('\n')}
    /**
     * Switches the instance off after a trap: its callbacks do nothing from now on, its methods throw
     * \`WebAssembly.RuntimeError\`.
     */
    retire(): void;
}

type OnTrap = (error: unknown) => void;
type Link<I> = (module: WebAssembly.Module, imports: WebAssembly.Imports) => I;

/**
 * Makes an instance. \`onTrap\` hears of an error in a timer, a promise callback or a finalizer, after the
 * instance was retired.
 */
export function instantiate(module: WebAssembly.Module, onTrap: OnTrap, link?: Link<WebAssembly.Instance>): Core;
/** The same where the platform links aside only. */
export function instantiate(module: WebAssembly.Module, onTrap: OnTrap, link: Link<Promise<WebAssembly.Instance>>): Promise<Core>;
`;
}

function exportedNames(source) {
  const names = [...source.matchAll(/^export (?:class|function) (\w+)/gm)].map((match) => match[1]);
  const own = names.filter((name) => name !== 'initSync');
  if (own.length === 0) throw new Error('the generated glue exports nothing');
  return own;
}

/** Timers, promise callbacks and listeners enter Rust through closures, and through nothing else. */
function guardClosures(glue) {
  const makers = count(glue, 'CLOSURE_DTORS.register(real, state, state);');
  glue = replace(
    glue,
    'const real = (...args) => {\n',
    'const real = (...args) => {\n        if (state.a === 0) return;\n',
    makers,
  );
  for (const [maker, call] of [
    ['makeClosure', 'f(state.a, state.b, ...args)'],
    ['makeMutClosure', 'f(a, state.b, ...args)'],
  ]) {
    glue = replace(
      glue,
      `return ${call};`,
      `return contain(() => ${call});`,
      count(glue, `function ${maker}(`),
    );
  }
  glue = replace(
    glue,
    '\n            real._wbg_cb_unref();',
    '\n            contain(() => real._wbg_cb_unref());',
    makers,
  );
  if (count(glue, 'return contain(') !== makers)
    throw new Error('the generated glue makes closures in an unknown way');
  return glue;
}

/** The methods of the page's host that can run user code. They do not throw. */
const RUNS_USER_CODE = /arg0\.(perform|read|write|entries|isSafe)\(/;

/**
 * Imports that can run user code are `catch`, or methods of the host, so this is where control comes back to
 * a frame whose instance may be gone by now. The `catch` around it needs nothing: keeping the error takes the
 * instance's table, and that throws by then.
 */
function guardImports(glue) {
  const wrappers = count(glue, 'function handleError(');
  glue = replace(
    glue,
    'return f.apply(this, args);',
    'const result = f(...args);\n        if (dead) throw gone();\n        return result;',
    wrappers,
  );
  // One function for each import, made when the imports are, instead of one for each call.
  glue = replace(
    glue,
    'function handleError(f, args) {\n',
    'function handleError(f) {\n    return (...args) => {\n',
    wrappers,
  );
  glue = replace(
    glue,
    'wasm.__wbindgen_exn_store(idx);\n    }\n',
    'wasm.__wbindgen_exn_store(idx);\n    }\n    };\n',
    wrappers,
  );
  glue = glue.replace(/: function\(([^)]*)\) \{\n((?: {12}.*\n)+) {8}\},/g, (whole, parameters, body) =>
    RUNS_USER_CODE.test(body) ? `: alive((${parameters}) => {\n${body}        }),` : whole,
  );
  const calls = glue.match(new RegExp(RUNS_USER_CODE, 'g'))?.length ?? 0;
  if (count(glue, ': alive(') !== calls)
    throw new Error('the generated glue calls the host in an unknown way');
  return glue.replace(
    /function\(\) \{ return handleError\(function \((.*)\) \{\n((?:.*\n)*?) +\}, arguments\); \}/g,
    'handleError(($1) => {\n$2        })',
  );
}

/**
 * Leaves out what every visitor would pay for and nobody here uses: a quicker way to copy long texts,
 * `using`, shims for engines that cannot run the module anyway, a new decoder every 2 GiB (a decoder that
 * gives up is a trap, and the next instance has its own), arguments that are freed when encoding a later one
 * fails (so is an encoder that does), and finalizers of callbacks: Rust drops all of ours itself.
 */
function plain(glue) {
  glue = glue.replace(/^if \(Symbol\.dispose\).*\n/gm, '');
  glue = glue.replace(
    /\(typeof FinalizationRegistry === 'undefined'\)\s+\? \{[^\n]*\}\s+: (?=finalization\()/g,
    '',
  );
  glue = between(
    glue,
    'const MAX_SAFARI_DECODE_BYTES =',
    '    return cachedTextDecoder.decode(bytes);',
    () => 'function decodeText(bytes) {\n',
  );
  const quicker = '    WASM_VECTOR_LEN = offset;\n    return ptr;\n}\n';
  glue = replace(glue, '    if (realloc === undefined) {\n', '', 1);
  glue = replace(
    between(glue, '    }\n\n    let len = arg.length;', quicker, () => ''),
    quicker,
    '}\n',
    1,
  );
  glue = glue.replaceAll(', wasm.__wbindgen_realloc)', ')');
  glue = glue.replace(
    / {8}try \{\n((?: {12}.*\n)+?) {8}\} catch \(e\) \{\n(?: {12}if \(ptr\d\) .*\n)+ {12}throw e;\n {8}\}\n/g,
    '$1',
  );
  glue = glue.replace(/^( {8}\w+): function\((.*)\) \{$/gm, '$1: ($2) => {');
  // Memory that grew has another buffer; that it was there, and is detached, need not be asked.
  glue = glue.replace(
    /cachedDataViewMemory0 === null \|\| .*\.buffer\)\) \{/,
    'cachedDataViewMemory0?.buffer !== wasm.memory.buffer) {',
  );
  glue = replace(glue, 'let wasmModule, wasmInstance, wasm;', 'let wasm;', 1).replace(
    /^ +wasm(Module|Instance) = .*\n/gm,
    '',
  );
  glue = glue.replaceAll('        __proto__: null,\n', '');
  glue = glue.replace(/^const CLOSURE_DTORS = .*\n/m, '').replace(/^ +CLOSURE_DTORS\.\w+\(.*\n/gm, '');
  return between(glue, "if (!('encodeInto' in cachedTextEncoder)) {", 'let WASM_VECTOR_LEN', () => '');
}

/** Replaces what stands from one anchor up to another; the first anchor goes with it. */
function between(text, from, to, by) {
  const [before, rest] = [cut(text, from), text.slice(text.indexOf(from) + from.length)];
  const inside = cut(rest, to);
  return before.slice(0, -1) + by(inside) + rest.slice(inside.length - 1);
}

function shorten(glue, { imports, exports }) {
  const module = imports[0][0];
  glue = replace(glue, `"${module}": import0,`, '"a": import0,', 1);
  for (const [from, name, by] of imports) {
    if (from !== module) throw new Error(`the module imports from ${from}, too`);
    glue = replace(glue, `\n        ${name}: `, `\n        ${by}: `, 1);
  }
  const by = new Map(exports);
  return glue.replace(/\bwasm\.(\w+)/g, (use, name) => {
    if (!by.has(name)) throw new Error(`the module does not export what the generated glue uses: ${name}`);
    return `wasm.${by.get(name)}`;
  });
}

function count(text, anchor) {
  return text.split(anchor).length - 1;
}

function replace(text, anchor, by, times) {
  const found = count(text, anchor);
  if (found !== times)
    throw new Error(`the generated glue has ${found} times, not ${times} times: ${anchor}`);
  return text.replaceAll(anchor, () => by);
}

function cut(text, anchor) {
  if (count(text, anchor) !== 1) throw new Error(`the generated glue has not exactly once: ${anchor.trim()}`);
  return text.slice(0, text.indexOf(anchor) + 1);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [from, to, names] = process.argv.slice(2);
  const types = (path) => path.replace(/\.js$/, '.d.ts');
  buildSync({ entryPoints: [platform], outdir: dirname(to), bundle: true, format: 'esm' });
  writeFileSync(to, rewriteGlue(readFileSync(from, 'utf8'), JSON.parse(readFileSync(names, 'utf8'))));
  writeFileSync(types(to), rewriteTypes(readFileSync(types(from), 'utf8')));
}
