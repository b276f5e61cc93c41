// The keys of a browser's storage are in the core, in pkg/src/browser/storage-keys.ts and in the table of
// README.md: all three name the same.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { source } from './user-agent/source.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { KEY_ENDING, queueKey, sentKey, unsentKey, variantsKey, visitorKey } =
  await source('browser/storage-keys.ts');

/**
 * An event in the outbox of an HTTP provider belongs to the provider, which has no consent: no client deletes
 * it.
 */
const OUTBOX = 'EXP_outbox_v1_';

/** Words stand for the parts of a key as they do in README.md. */
const INSTANCE = 'NAME';
const API_KEY = '0123456789 tail66';
const asWritten = (key) => key.replace('0123456789', 'KEY10').replace('tail66', 'KEY6');
const ours = [
  variantsKey(INSTANCE, API_KEY),
  queueKey(INSTANCE),
  sentKey(INSTANCE),
  unsentKey(INSTANCE),
  visitorKey(API_KEY),
].map(asWritten);

const KEYS = 'storage/keys.rs';

/** The texts of one source of the core, but for its tests, that are keys or begin or end one. */
function namesIn(path) {
  const [text] = readFileSync(join(root, 'src', path), 'utf8').split('#[cfg(test)]');
  return [...text.matchAll(/"((?:EXP_|amp-exp-|-[a-z])[\w-]*)"/g)].map(([, name]) => name);
}

test('the core has its keys in one file', () => {
  const others = readdirSync(join(root, 'src'), { recursive: true }).filter(
    (path) => /^(client|delivery|local|storage)\b.*\.rs$/.test(path) && path !== KEYS,
  );
  assert.ok(others.length > 10);
  assert.deepEqual(others.flatMap(namesIn), []);
});

test('what the core stores for a client, the package knows', () => {
  const names = namesIn(KEYS);
  const beginnings = names.filter((name) => !name.startsWith('-') && name !== OUTBOX);
  assert.deepEqual(
    beginnings.filter((name) => !ours.some((key) => key.startsWith(name))),
    [],
  );
  assert.deepEqual(beginnings.sort(), ['EXP_queue_v1_', 'EXP_sent_v3_', 'amp-exp-']);
  const endings = names.filter((name) => name.startsWith('-'));
  assert.deepEqual(endings.sort(), ['-exposed', '-flags', '-identity', '-variants-options']);
  assert.deepEqual(
    endings.filter((ending) => !KEY_ENDING.test(ending)),
    [],
  );
});

test('the table of README.md names every key', () => {
  const rows = [
    ...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^\| `((?:EXP_|amp-exp-)[^`]*)`/gm),
  ].map(([, key]) => key.replace(/…$/, ''));
  const isOf = (row) => (key) => row.startsWith(key) && KEY_ENDING.test(row.slice(key.length));
  assert.deepEqual(
    rows.filter((row) => row !== OUTBOX && !ours.some(isOf(row))),
    [],
  );
  assert.deepEqual(
    ours.filter((key) => !rows.includes(key) && key !== unsentKey(INSTANCE)),
    [],
  );
});
