// The direction of imports in pkg/src, which docs/design.md describes, for dependency-cruiser: `make lint` runs it.

/** What each folder may import from. Every other folder is an adapter, which imports `experiment-wasm` by its name. */
const MAY_IMPORT = {
  client: ['browser', 'wasm', 'api', 'runtime'],
  amplitude: ['api', 'runtime'],
  delivery: ['wasm', 'api', 'runtime'],
  local: ['wasm', 'api', 'runtime'],
  browser: ['api', 'runtime'],
  wasm: ['api', 'runtime'],
  api: ['runtime'],
  runtime: [],
};

const inFolders = (folders) => `^pkg/src/(${folders.join('|')})/`;

const directions = Object.entries(MAY_IMPORT).map(([folder, others]) => ({
  name: `${folder}-imports-from-${others.join('-') || 'none'}`,
  severity: 'error',
  from: { path: inFolders([folder]) },
  to: { path: '^pkg/src/', pathNot: inFolders([folder, ...others]) },
}));

export default {
  forbidden: [
    ...directions,
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'adapters-import-the-core-by-its-name',
      severity: 'error',
      from: { path: '^pkg/src/([^/]+)/', pathNot: inFolders(Object.keys(MAY_IMPORT)) },
      to: { path: '^pkg/src/', pathNot: '^pkg/src/$1/' },
    },
    {
      name: 'the-demo-imports-the-core-by-its-name',
      severity: 'error',
      from: { path: '^www/' },
      to: { path: '^pkg/', pathNot: '^pkg/dist/' },
    },
    {
      name: 'the-client-needs-one-core',
      severity: 'error',
      from: { path: '^pkg/src/(index|slim)\\.ts$' },
      to: { path: '^pkg/src/wasm/(evaluate-instance|machine-driver)\\.ts$', reachable: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: ['node_modules', '^pkg/dist'] },
  },
};
