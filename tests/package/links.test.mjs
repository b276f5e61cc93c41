// The repository's own pages: every link to a file or a heading leads there.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { dead } from './links.mjs';

const root = resolve(import.meta.dirname, '../..');

test('every link of the repository leads somewhere', () => {
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
    .split('\0')
    .filter(Boolean);
  const pages = files.filter((path) => path.endsWith('.md'));
  assert.ok(pages.includes('README.md') && pages.includes('docs/coming-from-experiment-js-client.md'));
  assert.deepEqual(dead(root, pages, files), []);
});

test('a link that leads nowhere is found', () => {
  const dir = mkdtempSync(join(tmpdir(), 'links-'));
  writeFileSync(
    join(dir, 'a.md'),
    '# One `two`: three\n# One\n# One\n[a](a.md) [b](b.md#one) [c](#one-two-three) [d](#one-1) [e](#one-2) [f](folder) [g](folder/)\n`[h](h)` [i](https://i)\n\n```\n[j](j)\n# Code\n```\n[k](#code)\n\n[l]: l.md\n',
  );
  assert.deepEqual(dead(dir, ['a.md'], ['a.md', 'folder/x.js']), [
    'a.md: b.md#one',
    'a.md: #one-2',
    'a.md: #code',
    'a.md: l.md',
  ]);
  rmSync(dir, { recursive: true });
});
