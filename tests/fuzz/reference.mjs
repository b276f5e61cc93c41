// What the reference answers (@amplitude/experiment-core, and @amplitude/experiment-js-client for what a user
// becomes): as it is, or as it would be with differences made to it.
//
// The second way is what keeps `differences.mjs` narrow. No pair is excused for what is in it: the reference
// is changed as the list says, and then it must agree.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import vm from 'node:vm';
import { Fields, write } from './json-text.mjs';

const require = createRequire(import.meta.url);
const [CORE, CLIENT] = ['@amplitude/experiment-core', '@amplitude/experiment-js-client'].map((name) =>
  require.resolve(name),
);

/** The reference's code, and the JSON that makes objects for it. */
class World {
  constructor(core, client, global, itsJson) {
    Object.assign(this, { core, client, global, parse: (text) => itsJson.parse(text) });
  }

  /**
   * What conditions look into for a user, by the client's own code, without a client around it. Changes the
   * user.
   */
  contextOf(user, page) {
    let context;
    const stub = Object.create(this.client.ExperimentClient.prototype);
    stub.addContext = () => user;
    stub.flags = { getAll: () => this.parse('{}') };
    stub.engine = { evaluate: (given) => ((context = given), {}) };
    if (page) this.global.location = { href: page };
    try {
      stub.evaluate();
    } finally {
      delete this.global.location;
    }
    return context;
  }

  /**
   * The engine with two seams: a pattern that `compile` makes nothing of, and the part of a subject that is
   * matched.
   */
  engine() {
    const engine = new this.core.EvaluationEngine();
    const plain = engine.matchString;
    engine.compile = (source) => new RegExp(source);
    engine.subject = (text) => text;
    engine.matchString = (text, op, values) => {
      if (!op?.startsWith?.('regex ')) return plain.call(engine, text, op, values);
      if (op !== 'regex match' && op !== 'regex does not match') return false;
      const patterns = [];
      const isMatched = values.some((value) =>
        patterns[patterns.push(engine.compile(value)) - 1]?.test(engine.subject(text)),
      );
      return op === 'regex match' ? isMatched : !isMatched && patterns.every(Boolean);
    };
    return engine;
  }
}

const here = new World(require(CORE), require(CLIENT), globalThis, JSON);

/** Where objects and lists inherit no names: a realm of its own, from which they were taken. */
function bareWorld() {
  const global = vm.createContext({});
  const load = (path) => {
    const module = { exports: {} };
    vm.compileFunction(readFileSync(path, 'utf8'), ['module', 'exports'], { parsingContext: global })(
      module,
      module.exports,
    );
    return module.exports;
  };
  vm.runInContext('globalThis.self = globalThis', global);
  const world = new World(load(CORE), load(CLIENT), global, vm.runInContext('JSON', global));
  // A symbol is no name that a selector could have. It is what `String(object)` asks first.
  const list = vm.runInContext(
    `for (const name of Object.getOwnPropertyNames(Object.prototype)) delete Object.prototype[name];
     Object.prototype[Symbol.toPrimitive] = () => '[object Object]';
     Object.create(null, {
       [Symbol.iterator]: { value: Array.prototype[Symbol.iterator] },
       [Symbol.toPrimitive]: { value: function () { return Array.prototype.join.call(this); } },
     })`,
    global,
  );
  const strip = (value) => {
    if (typeof value !== 'object' || !value) return value;
    Object.values(value).forEach(strip);
    return Array.isArray(value) ? Object.setPrototypeOf(value, list) : value;
  };
  const withNames = world.engine;
  world.engine = () => {
    const engine = withNames.call(world);
    const plain = engine.coerceStringArray;
    engine.coerceStringArray = (value) => plain.call(engine, Array.isArray(value) ? [...value] : value);
    return engine;
  };
  /**
   * Takes the names from the lists that selectors can lead to: those of the user, of variants and of
   * metadata.
   */
  world.strip = (flags, user) => {
    strip(user);
    for (const flag of flags)
      for (const holder of [flag, ...flag.segments]) [holder.metadata, flag.variants].forEach(strip);
  };
  return world;
}

let bare;

/** The reference's answer; what it throws, if it does. */
export const plain = (question) =>
  unlessThrown(() => {
    const byKey = {};
    for (const flag of Object.values(JSON.parse(question.flags))) byKey[flag.key] = flag;
    return evaluated(
      here,
      new here.core.EvaluationEngine(),
      byKey,
      here.contextOf(JSON.parse(question.user), question.page),
      question.keys,
    );
  });

/** The reference's answer with these differences made to it, and which of them changed anything: `fired`. */
export function changed(question, differences) {
  const fired = new Set();
  return {
    ...unlessThrown(() => changedAnswer(question, differences, (difference) => fired.add(difference))),
    fired,
  };
}

/** What conditions look into for the user of a question. */
export const contextOf = ({ user, page }) => here.contextOf(JSON.parse(user), page);

function unlessThrown(answer) {
  try {
    return answer();
  } catch (error) {
    return { throws: String(error?.message ?? error) };
  }
}

function evaluated({ core }, engine, byKey, context, keys) {
  const sorted = core.topologicalSort(byKey, keys ?? undefined);
  const { results, traces } = engine.evaluateWithTraces(context, sorted);
  return { variants: engine.evaluate(context, sorted), results, traces };
}

function changedAnswer(question, differences, fire) {
  const asBare = differences.filter(({ isBare }) => isBare?.(question));
  asBare.forEach(fire);
  const world = asBare.length ? (bare ??= bareWorld()) : here;
  const { parse } = world;
  const nodes = flagNodes(question.tree);
  const asked = {
    question,
    nodes,
    flags: nodes.map((node) => parse(write(node))),
    user: parse(question.user),
    keys: question.keys,
    parse,
  };
  for (const difference of differences) if (difference.read?.(asked)) fire(difference);
  world.strip?.(asked.flags, asked.user);
  const engine = world.engine();
  for (const difference of differences) difference.patch?.(engine, () => fire(difference), asked);
  const byKey = parse('{}');
  for (const flag of asked.flags) byKey[flag.key] = flag;
  return evaluated(world, engine, byKey, world.contextOf(asked.user, question.page), asked.keys);
}

/** The flags in the order of the text. */
export function flagNodes(tree) {
  const flags = tree.last('flags');
  return flags instanceof Fields ? flags.entries.map(([, flag]) => flag) : flags;
}
