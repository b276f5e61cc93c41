// One pair of flags and a user, as a tree and as text, from a seed and a number.

import { damage } from './damage.mjs';
import { flags } from './flag.mjs';
import { Fields, read, write } from './json-text.mjs';
import { Random } from './random.mjs';
import { pathsOf, user, words } from './user.mjs';

/** Ways in which a pair may be out of the ordinary, and how often. Most pairs have none or one. */
const MOODS = {
  inherited: 0.06,
  indices: 0.06,
  halves: 0.06,
  doubled: 0.06,
  deep: 0.03,
  infinite: 0.05,
  long: 0.03,
  odd: 0.08,
  oddGroups: 0.04,
  nulls: 0.06,
  unlike: 0.05,
  broken: 0.06,
  cyclic: 0.05,
  damaged: 0.06,
};

const PAGES = ['https://example.com/a?b=1#c', 'http://localhost/', 'file:///a.html'];

/** The pair of this number. */
export function pair(seed, number) {
  const random = new Random(seed, number);
  const mood = Object.fromEntries(
    Object.entries(MOODS).map(([name, probability]) => [name, random.chance(probability)]),
  );
  const making = { mood, words: words(random) };
  const userTree = user(random, making);
  const page = random.chance(0.04) ? random.pick(PAGES) : null;
  making.properties = pathsOf(read(userTree), page);
  const list = flags(random, making);
  if (mood.damaged) damage(random, list);
  const keys = random.chance(0.1)
    ? random.some([...making.flagKeys, 'missing', 'constructor'], random.below(3))
    : null;
  const byKey = !mood.damaged && random.chance(0.1);
  return texts(
    Fields.of({
      flags: byKey ? new Fields(list.map((flag) => [flag.last('key'), flag])) : list,
      user: userTree,
      keys,
      page,
    }),
  );
}

/** What is asked, in the forms in which the engines take it. */
export function texts(tree) {
  const [flags, user, keys, page] = ['flags', 'user', 'keys', 'page'].map((part) => tree.last(part) ?? null);
  return { tree, flags: write(flags), user: write(user), keys, page };
}
