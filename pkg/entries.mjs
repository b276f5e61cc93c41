// The entries of the package: what `exports` of package.json names as scripts. The build, the declarations
// and the tests have their list from here.
import { readFileSync } from 'node:fs';

const { name: packageName, exports } = JSON.parse(
  readFileSync(new URL('package.json', import.meta.url), 'utf8'),
);

const inDist = (path) => path.slice('./dist/'.length);

/**
 * Each entry: its `path` in `exports`, the `specifier` that an app imports, the `name` of its source in
 * pkg/src and of its declarations, and by condition the script in pkg/dist.
 */
export const entries = Object.entries(exports)
  .filter(([, conditions]) => typeof conditions === 'object')
  .map(([path, conditions]) => ({
    path,
    specifier: path.replace('.', packageName),
    name: inDist(conditions.import.default).slice(0, -'.js'.length),
    scripts: Object.fromEntries(
      Object.entries(conditions).map(([condition, { default: script }]) => [condition, inDist(script)]),
    ),
  }));
