// Builds the two pages of the demo; in development it passes API calls on to a server started by hand.
import { resolve } from 'node:path';
import { defineConfig } from 'vite';

const api = process.env.API ?? 'http://127.0.0.1:8080';

// The ledger has the admin key and the shop does not: they stay separate files after bundling.
const groups = [
  { name: 'experiment-wasm', test: /\/pkg\/dist\//, priority: 3 },
  { name: 'shop', test: /\/src\/shop\//, priority: 2 },
  { name: 'ledger', test: /\/src\/ledger\//, priority: 1 },
];

export default defineConfig({
  root: import.meta.dirname,
  build: {
    target: 'es2022',
    // The content security policy of the pages allows no inline scripts.
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: ['index.html', 'tester.html'].map((page) => resolve(import.meta.dirname, page)),
      output: { codeSplitting: { groups } },
    },
  },
  server: { proxy: { '/sdk': api, '/2': api, '/api': api } },
});
