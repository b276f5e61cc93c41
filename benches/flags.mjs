// The flags and users that are measured with: a thousand flags of about 1.5 KB each, and as many users as
// wanted, the same at every run.
//
// What they are made of is what flag configurations of real projects have: two or three targeted segments and
// one for all others, conditions of every kind, a bucket with two experiment arms, payloads and metadata.
// Texts of conditions and patterns differ from flag to flag, so that nothing is quick only because it was
// seen before.

/** Mulberry32: 32 bits of state, good enough to mix cards. */
export function randomOf(seed) {
  const next = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (end) => Math.floor(next() * end);
  const pick = (list) => list[below(list.length)];
  return { next, below, pick, some: (list, count) => Array.from({ length: count }, () => pick(list)) };
}

const list = (names) => names.split(', ');
const COUNTRIES = list(
  'Austria, Brazil, Canada, Denmark, Finland, France, Germany, India, Italy, Japan, Kenya, Mexico, Norway, Spain, USA',
);
const LANGUAGES = list(
  'Danish, English, Finnish, French, German, Hindi, Italian, Japanese, Polish, Portuguese, Spanish',
);
const PLATFORMS = ['Web', 'iOS', 'Android'];
const PLANS = ['free', 'starter', 'team', 'business', 'enterprise'];
const TAGS = list(
  'beta, early-access, internal, newsletter, partner, power-user, trial, vip, churned, referred',
);
const WORDS = list(
  'amber, birch, cedar, delta, ember, fjord, grove, harbor, indigo, juniper, kestrel, lumen, maple, north, onyx, prairie',
);
const HOSTS = ['example.com', 'example.org', 'mail.example.net', 'corp.example.com'];

const user = (name) => ['context', 'user', name];
const property = (name) => ['context', 'user', 'user_properties', name];
const versionOf = ({ below }) => `${below(9)}.${below(20)}.${below(30)}`;
const wordsOf = (random, count) => random.some(WORDS, count).join('-');

const emailPattern = ({ pick }) =>
  `^${pick(WORDS).slice(0, 3)}[a-z.-]*\\d{1,4}@(?:${pick(WORDS)}|${pick(HOSTS)})`;
const idPattern = ({ below }) => `^user-${below(10)}\\d*${below(10)}$`;

/**
 * A condition of each kind: how often it is drawn, which property it looks at, its operators, and its values.
 */
const CONDITIONS = [
  [5, user('country'), ['is', 'is', 'is not'], ({ some }) => some(COUNTRIES, 3)],
  [3, property('plan'), ['is'], ({ some }) => some(PLANS, 2)],
  [2, user('platform'), ['is'], ({ pick }) => [pick(PLATFORMS)]],
  [1, property('isBeta'), ['is'], ({ pick }) => [pick(['true', 'false'])]],
  [2, property('email'), ['contains', 'does not contain'], ({ pick }) => [pick(HOSTS), pick(WORDS)]],
  [1, user('language'), ['contains'], ({ pick }) => [pick(LANGUAGES).slice(0, 4)]],
  [
    3,
    user('version'),
    ['version greater', 'version greater or equal', 'version less'],
    (random) => [versionOf(random)],
  ],
  [2, property('age'), ['greater', 'less or equal'], ({ below }) => [String(18 + below(60))]],
  [2, property('orders'), ['greater or equal', 'less'], ({ below }) => [String(below(500))]],
  [
    3,
    property('tags'),
    ['set contains any', 'set contains', 'set does not contain any'],
    ({ some }) => some(TAGS, 2),
  ],
  [2, property('email'), ['regex match'], (random) => [emailPattern(random)]],
  [1, user('user_id'), ['regex does not match'], (random) => [idPattern(random)]],
].flatMap(([weight, selector, operators, values]) => Array(weight).fill({ selector, operators, values }));

function conditionOf(random) {
  const { selector, operators, values } = random.pick(CONDITIONS);
  return { selector, op: random.pick(operators), values: values(random) };
}

/** Variants in shares that fill the range of a bucket, which is 0 to 42,949,673. */
function bucketOf(random, key, share) {
  const [middle, end] = [21_474_837, 42_949_673];
  const distributions = [
    { variant: 'control', range: [0, middle] },
    { variant: 'treatment', range: [middle, end] },
  ];
  const selector = user(random.pick(['user_id', 'device_id']));
  return {
    selector,
    salt: `${key}-${random.below(1e6)}`,
    allocations: [{ range: [0, share], distributions }],
  };
}

function segmentOf(random, key, number) {
  const alternative = () => Array.from({ length: 1 + random.below(2) }, () => conditionOf(random));
  const conditions = Array.from({ length: random.pick([1, 1, 2]) }, alternative);
  const metadata = { segmentName: `Segment ${number}: ${wordsOf(random, 2)}` };
  // Half of them have one variant for everybody in them.
  if (random.below(2)) return { conditions, variant: random.pick(['treatment', 'off']), metadata };
  return { conditions, bucket: bucketOf(random, key, 10 + random.below(91)), variant: 'off', metadata };
}

function variantsOf(random) {
  const arm = (name) => ({
    key: name,
    value: name,
    payload: { title: wordsOf(random, 3), color: random.pick(WORDS), limit: random.below(100) },
  });
  return {
    control: arm('control'),
    treatment: arm('treatment'),
    off: { key: 'off', metadata: { default: true } },
  };
}

/** A flag that is decided on the page. */
function flagOf(random, number) {
  const key = `flag-${number}-${wordsOf(random, 2)}`;
  const targeted = Array.from({ length: 2 + random.below(2) }, (_, at) => segmentOf(random, key, at + 1));
  const all = {
    bucket: bucketOf(random, key, random.pick([0, 50, 100])),
    variant: 'off',
    metadata: { segmentName: 'All Other Users' },
  };
  const flagVersion = 1 + random.below(40);
  const metadata = {
    deployed: true,
    evaluationMode: 'local',
    flagType: 'experiment',
    flagVersion,
    experimentKey: `exp-${number}`,
  };
  return { key, variants: variantsOf(random), segments: [...targeted, all], metadata };
}

/** So many flags, as the flags API answers them. */
export function flags(count = 1_000, seed = 20_261_125) {
  const random = randomOf(seed);
  return Array.from({ length: count }, (_, number) => flagOf(random, number));
}

/** A user nobody has seen before: `number` makes the ids. */
export function userOf(random, number) {
  return {
    user_id: `user-${number}-${random.below(1e6)}`,
    device_id: `device-${random.below(1e9).toString(36)}`,
    country: random.pick(COUNTRIES),
    language: random.pick(LANGUAGES),
    platform: random.pick(PLATFORMS),
    version: versionOf(random),
    user_properties: {
      plan: random.pick(PLANS),
      age: 18 + random.below(60),
      orders: random.below(500),
      isBeta: random.below(2) === 1,
      email: `${wordsOf(random, 1)}.${wordsOf(random, 1)}${random.below(1e4)}@${random.pick(HOSTS)}`,
      tags: [...new Set(random.some(TAGS, 3))],
    },
  };
}

/** So many users. */
export function users(count, seed = 1) {
  const random = randomOf(seed);
  return Array.from({ length: count }, (_, number) => userOf(random, number));
}

/**
 * So many variants as `/sdk/v2/vardata` answers them, by flag key. Every fifth is a default: who is asked
 * about is in no variant of the flag.
 */
export function variants(count = 100, seed = 2) {
  const random = randomOf(seed);
  const variant = (number) => {
    const metadata = { experimentKey: `exp-${number}`, flagVersion: 1, segmentName: 'All Users' };
    if (number % 5 === 4) return { key: 'off', metadata: { ...metadata, default: true } };
    const key = random.pick(['control', 'treatment']);
    return { key, value: key, payload: { title: wordsOf(random, 3), limit: random.below(100) }, metadata };
  };
  return Object.fromEntries(
    Array.from({ length: count }, (_, number) => [`remote-${number}`, variant(number)]),
  );
}
