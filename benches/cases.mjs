// What is measured in one process: evaluation, `all()`, `variant()` and loading, by ours and by the
// reference.
//
// A case is made once and answers its sides: what each does, in words for the table, and how. The first side
// is ours, and the others are compared with it. Before anything is timed, both sides have given the same
// answers: `agree` throws where they do not.
import { clientOf, fetched, forgotten, initOf } from './clients.mjs';
import { flags, users, variants } from './flags.mjs';

const FLAGS = flags();
const TEXT = JSON.stringify(FLAGS);
const KEYS = FLAGS.map(({ key }) => key);
const USERS = users(500);

/** What nobody reads could be left out by a compiler. */
export let sink;

let turn = 0;
/** Somebody who was not there a moment ago. */
const nextUser = () => USERS[turn++ % USERS.length];

/** Does it again and again in one synchronous run. */
const inOneRun = (act) => (calls) => {
  for (let call = 0; call < calls; call++) sink = act(call);
};

/** Does it again and again, each time in a synchronous run of its own, as code that waits for events does. */
const inRunsOfItsOwn = (act) => async (calls) => {
  for (let call = 0; call < calls; call++) {
    sink = act(call);
    await undefined;
  }
};

const FLOOR = { who: 'nothing', did: 'the loop with its await, alone', run: inRunsOfItsOwn(() => undefined) };

/** As the reference's client keeps flags. */
const byKey = (list) => Object.fromEntries(list.map((flag) => [flag.key, flag]));

/** The engine of the reference with the flags in order, as its client hands them over each time. */
function engineOf({ EvaluationEngine, topologicalSort }) {
  const engine = new EvaluationEngine();
  const sorted = topologicalSort(byKey(JSON.parse(TEXT)));
  return (user) => engine.evaluate({ user }, sorted);
}

/** The core of the package without the TypeScript client. */
function coreOf({ instantiate, Host, module }) {
  const broken = (error) => {
    throw error;
  };
  const { CoreClient } = instantiate(module, broken);
  return { make: () => new CoreClient(new Host(initOf(TEXT), true)) };
}

/** What the core answers for a user: JSON text, in which an answer that was returned before is a number. */
const ours = (core, user) => (core.setUser(JSON.stringify(user)), core.all());

/** The variants by flag in what a core answers. It keeps earlier answers. */
function reading(core) {
  const known = [];
  return (user) => {
    const [, , ...decided] = JSON.parse(ours(core, user));
    return Object.fromEntries(
      decided.map((item) => (typeof item === 'number' ? known[item] : (known[item[0]] = item)).slice(1)),
    );
  };
}

/** Both, with the flags at hand. */
function localClients({ ours, reference }) {
  const clients = [clientOf(ours, { initialFlags: TEXT }), clientOf(reference, { initialFlags: TEXT })];
  for (const user of USERS.slice(0, 50))
    agree(...clients.map((client) => (client.setUser(user), client.all())));
  return clients;
}

/** Names in an order of their own are no difference. */
function agree(...answers) {
  const [one, other] = answers.map((answer) => JSON.stringify(sorted(answer)));
  if (one !== other)
    throw new Error(`ours and the reference do not agree: ${one.slice(0, 300)} … ${other.slice(0, 300)}`);
}

function sorted(value) {
  if (typeof value !== 'object' || !value || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, sorted(value[name])]),
  );
}

/**
 * The variants by flag, without what else they say: the client and the bare engine say that in different
 * ways.
 */
const names = (answers) =>
  Object.fromEntries(Object.entries(answers).map(([key, variant]) => [key, variant.key]));

/**
 * `variant(key)` of a user whose exposures were all tracked before: the first call of a run, in which ours
 * checks what is not announced; calls after it; and those of flags that have their default for the user,
 * which a fallback would replace. `both` makes the clients.
 */
function met(letter, what, both) {
  const kinds = [
    ['1', 'first call of a run', false, inRunsOfItsOwn, 'client: variant(key), await'],
    ['2', 'later calls of a run', false, inOneRun, 'client: variant(key)'],
    ['3', 'later calls of a run, of a default', true, inOneRun, 'client: variant(key)'],
  ];
  return kinds.map(([number, when, isDefault, again, did]) => ({
    letter: letter + number,
    what: `variant(key), ${what}, exposed before: ${when}`,
    async make(given) {
      const [mine, theirs] = await both(given);
      const keys = metBy(USERS[0], [mine, theirs]).filter(
        (key) => !!mine.variant(key).metadata.default === isDefault,
      );
      const side = (who, client) => ({
        who,
        did,
        run: again((call) => client.variant(keys[call % keys.length])),
      });
      return [side('ours', mine), side('reference', theirs), ...(again === inOneRun ? [] : [FLOOR])];
    },
  }));
}

/** Has a user meet the variants of all flags, and answers their keys. */
function metBy(user, clients) {
  for (const client of clients) client.setUser(user);
  const keys = Object.keys(clients[0].all());
  for (const key of keys) agree(...clients.map((client) => client.variant(key)));
  return keys;
}

/** Both, with a hundred variants that were fetched. */
const remoteClients = ({ ours, reference }) =>
  Promise.all([ours, reference].map((sdk) => fetched(sdk, variants(), USERS[0])));

export const CASES = [
  {
    letter: 'a',
    what: 'evaluate 1,000 flags for a fresh user, no objects on our side',
    make(given) {
      const [evaluate, client] = [engineOf(given.reference), coreOf(given.core).make()];
      const read = reading(client);
      for (const user of USERS.slice(0, 50)) agree(names(read(user)), names(evaluate(user)));
      return [
        {
          who: 'ours',
          did: 'core: setUser(JSON text), all() → one JSON text of numbers',
          run: inOneRun(() => ours(client, nextUser())),
        },
        {
          who: 'reference',
          did: 'EvaluationEngine.evaluate(context, sorted flags) → objects',
          run: inOneRun(() => evaluate(nextUser())),
        },
      ];
    },
  },
  {
    letter: 'b',
    what: 'evaluate 1,000 flags for a fresh user, 1,000 objects',
    make(given) {
      const [mine, theirs] = localClients(given);
      const evaluate = engineOf(given.reference);
      return [
        {
          who: 'ours',
          did: 'client: setUser(user), all()',
          run: inRunsOfItsOwn(() => (mine.setUser(nextUser()), mine.all())),
        },
        {
          who: 'reference',
          did: 'client: setUser(user), all()',
          run: inRunsOfItsOwn(() => (theirs.setUser(nextUser()), theirs.all())),
        },
        {
          who: 'engine',
          did: 'EvaluationEngine.evaluate(context, sorted flags)',
          run: inOneRun(() => evaluate(nextUser())),
        },
      ];
    },
  },
  ...met('c', '100 fetched variants', remoteClients),
  ...met('d', '1,000 local flags', localClients),
  {
    letter: 'd4',
    what: 'variant(key) of one of 1,000 local flags for a fresh user, exposure and all',
    make(given) {
      const [mine, theirs] = localClients(given);
      const meet = (client) => (call) => (client.setUser(nextUser()), client.variant(KEYS[call % 1_000]));
      return [
        { who: 'ours', did: 'client: setUser(user), variant(key), await', run: inRunsOfItsOwn(meet(mine)) },
        {
          who: 'reference',
          did: 'client: setUser(user), variant(key), await',
          run: inRunsOfItsOwn(meet(theirs)),
        },
      ];
    },
  },
  {
    letter: 'd5',
    what: 'variant(key) of each of 1,000 local flags for a fresh user, exposures and all',
    make(given) {
      const [mine, theirs] = localClients(given);
      const meet = (client) => () => (client.setUser(nextUser()), KEYS.forEach((key) => client.variant(key)));
      return [
        { who: 'ours', did: 'client: setUser(user), 1,000 × variant(key)', run: inRunsOfItsOwn(meet(mine)) },
        {
          who: 'reference',
          did: 'client: setUser(user), 1,000 × variant(key)',
          run: inRunsOfItsOwn(meet(theirs)),
        },
      ];
    },
  },
  {
    letter: 'e1',
    what: `load 1,000 stored flags: ${TEXT.length.toLocaleString('en')} characters`,
    make(given) {
      const core = coreOf(given.core);
      const { topologicalSort } = given.reference;
      return [
        {
          who: 'ours',
          did: 'core: new CoreClient over stored flags: read, compiled; free()',
          run: inOneRun(() => core.make().free()),
        },
        {
          who: 'JSON.parse',
          did: 'JSON.parse of the same text, nothing more',
          run: inOneRun(() => JSON.parse(TEXT)),
        },
        {
          who: 'reference',
          did: 'JSON.parse, flags by key, topologicalSort',
          run: inOneRun(() => topologicalSort(byKey(JSON.parse(TEXT)))),
        },
      ];
    },
  },
  {
    letter: 'e2',
    what: 'make a client of 1,000 initialFlags',
    make(given) {
      const made = (sdk) => clientOf(sdk, { initialFlags: TEXT });
      return [
        {
          who: 'ours',
          did: 'Experiment.initialize(key, { initialFlags }), close()',
          run: inRunsOfItsOwn(() => made(given.ours).close()),
        },
        // Its clients cannot be closed. They are kept in a register for the page's life, so those made here
        // are taken out.
        {
          who: 'reference',
          did: 'Experiment.initialize(key, { initialFlags })',
          run: inRunsOfItsOwn(() => forgotten(made(given.reference))),
        },
      ];
    },
  },
];
