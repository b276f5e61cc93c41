// Documents keep their word: every path in them exists, and every rule of the specification has a test.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path) => readFileSync(join(root, path), 'utf8');

/** What a build or a test run makes. */
const MADE =
  /^(\.git|target|tests\/output|pkg\/(dist|docs|README\.md|LICENSE)|www\/dist|(.*\/)?node_modules)(\/|$)/;

const tracked = files('');
const documents = tracked.filter((path) => path.endsWith('.md') && path !== 'CHANGELOG.md');

/** The files of a folder of the repository, by their paths from the root. */
function files(folder) {
  const entries = readdirSync(join(root, folder), { withFileTypes: true }).map((entry) => [
    entry,
    folder + entry.name,
  ]);
  return entries
    .filter(([, path]) => !MADE.test(path))
    .flatMap(([entry, path]) => (entry.isDirectory() ? files(`${path}/`) : [path]));
}

/** A path from the root, in backticks: it has a slash and begins with a folder of the repository. */
const FOLDERS = new Set(tracked.map((path) => path.split('/')[0]));
const isPath = (text) =>
  /^[\w.-]+(\/[\w.-]+)+\/?$/.test(text) && FOLDERS.has(text.split('/')[0]) && !MADE.test(text);

const exists = (path) =>
  tracked.includes(path) || tracked.some((file) => file.startsWith(`${path.replace(/\/$/, '')}/`));

for (const document of documents) {
  test(`${document}: paths and links lead somewhere`, () => {
    const text = read(document).replace(/```[\s\S]*?```/g, '');
    const paths = [...text.matchAll(/`([^`\s]+)`/g)].map(([, path]) => path).filter(isPath);
    const links = [...text.matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g)]
      .map(([, link]) => link)
      .filter((link) => !link.includes(':'));
    const missing = [
      ...paths.filter((path) => !exists(path)),
      ...links.filter((link) => !existsSync(join(root, normalize(join(dirname(document), link))))),
    ];
    assert.deepEqual(missing, []);
  });

  test(`${document}: links into a page name a heading of it`, () => {
    const slug = (heading) =>
      heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-');
    const headings = (path) => [...read(path).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => slug(heading));
    const links = [...read(document).matchAll(/\]\(([^)#:\s]*)#([^)]+)\)/g)];
    const missing = links.filter(
      ([, path, anchor]) =>
        !headings(path ? normalize(join(dirname(document), path)) : document).includes(anchor),
    );
    assert.deepEqual(
      missing.map(([link]) => link),
      [],
    );
  });
}

test('every rule of the specification has a test that is named after it, or vectors', () => {
  const names = tracked
    .filter((path) => path.endsWith('.rs'))
    .flatMap((path) => [...read(path).matchAll(/fn (\w+)\(/g)].map(([, name]) => name));
  const rules = read('docs/spec.md').split(/^### /m).slice(1);
  assert.ok(rules.length > 15);
  const isTested = (rule) => {
    const name = rule.split('\n')[0];
    return (
      names.some((test) => test.startsWith(`${name}_`) && test.length > name.length + 1) ||
      rule.includes('tests/vectors/')
    );
  };
  assert.deepEqual(
    rules.filter((rule) => !isTested(rule)).map((rule) => rule.split('\n')[0]),
    [],
  );
});
