// What the documentation shows compiles as it is written, for somebody who copies it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { scratch } from './scratch.mjs';

const execute = promisify(execFile);
const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL('../../', import.meta.url));
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** What a sample takes for granted, by what it mentions: the reader's own. */
const OWN = {
  analytics: 'declare const analytics: { track(name: string, properties: object): void };',
  assignmentTrackingProvider:
    "declare const assignmentTrackingProvider: import('experiment-wasm/evaluate').AssignmentTrackingProvider;",
  httpClient: "declare const httpClient: import('experiment-wasm').HttpClient;",
  'getUser, track': 'declare const getUser: () => { user_id?: string }; declare const track: () => boolean;',
  variants: "declare const variants: import('experiment-wasm').Variants;",
  beforeEach:
    'declare const beforeEach: (hook: () => void) => void; declare const afterEach: typeof beforeEach;',
  'Experiment.': "import { Experiment } from 'experiment-wasm';",
  'experiment.': "declare const experiment: import('experiment-wasm').ExperimentClient;",
};

let app;
before(async () => {
  app = await scratch();
  // What a reader of a sample has installed beside the package.
  await symlink(join(root, 'node_modules/@segment'), join(app.dir, 'node_modules/@segment'));
});
after(() => app?.remove());

function samplesOf(page) {
  const text = readFileSync(join(root, page), 'utf8');
  const blocks = [...text.matchAll(/^( *)```ts\n([^]*?)^ *```$/gm)].map(([, indent, code]) =>
    code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );
  return blocks.map((code) => `${ownOf(code)}\n${code}\nexport {};\n`);
}

function ownOf(code) {
  const isMade = (name) =>
    new RegExp(`(?:import|const|let)[^;=]*\\b${name.replace(/\W.*/, '')}\\b`).test(code);
  return Object.entries(OWN)
    .filter(([name]) => code.includes(name) && !isMade(name))
    .map(([, own]) => own)
    .join('\n');
}

for (const [resolution, module] of [
  ['bundler', 'esnext'],
  ['node16', 'node16'],
  ['nodenext', 'nodenext'],
]) {
  test(`each sample of README and docs compiles, strictly, with moduleResolution ${resolution}`, async () => {
    const files = [];
    for (const page of pages) {
      for (const [at, sample] of samplesOf(page).entries()) {
        files.push(`${page.replaceAll(/\W/g, '-')}-${at}.mts`);
        await app.write(files.at(-1), sample);
      }
    }
    assert.ok(files.length >= 10, 'there are samples');
    const compilerOptions = {
      strict: true,
      noEmit: true,
      target: 'es2022',
      lib: ['es2022', 'dom'],
      types: [],
      skipLibCheck: true,
      noImplicitAny: false,
      module,
      moduleResolution: resolution,
      paths: { react: [require.resolve('@types/react/package.json').replace('package.json', 'index.d.ts')] },
    };
    await app.write('samples.json', JSON.stringify({ compilerOptions, files }));
    await execute(process.execPath, [require.resolve('typescript/lib/tsc.js'), '-p', 'samples.json'], {
      cwd: app.dir,
    }).catch(({ stdout, stderr }) => assert.fail(stdout + stderr));
  });
}
