// pkg/src/browser/user-agent.ts against ua-parser, on the user agents of real visitors: how often all four
// fields agree, and where they do not.
//
// disagreements.json is the reviewed list. After a change: UPDATE_DISAGREEMENTS=1 node --test
// tests/user-agent/corpus.test.mjs
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { source } from './source.mjs';

const require = createRequire(import.meta.url);
const { UAParser } = require('@amplitude/ua-parser-js');
const { readUserAgent } = await source('browser/user-agent.ts');

/** The promise: at most one visitor in a hundred is somebody else than with the reference. */
const AGREEMENT = 0.99;

const FIELDS = ['browser', 'major', 'os', 'device'];
const LIST = new URL('disagreements.json', import.meta.url);

/**
 * What visitors sent in four years: the oldest is of the first browsers that run the wasm, the newest of
 * November 2026. One entry is one visit.
 */
const visits = {
  'user-agents-chrome-95': sampled('user-agents-chrome-95'),
  'user-agents-chrome-120': sampled('user-agents-chrome-120'),
  'user-agents-chrome-146': sampled('user-agents-chrome-146'),
  'user-agents': sampled('user-agents'),
  'top-user-agents': require('top-user-agents'),
};

/**
 * Consoles, televisions, headsets, apps, bots and servers, of which visits have too few: their share says
 * nothing, the list does.
 */
const rare = JSON.parse(readFileSync(new URL('rare.json', import.meta.url), 'utf8'));

/** The package only hands out samples; its filter is shown every record. */
function sampled(name) {
  const loaded = require(name);
  const records = [];
  new (loaded.default ?? loaded)((record) => records.push(record.userAgent));
  return records;
}

function theirs(userAgent) {
  const { browser, os, device } = new UAParser(userAgent).getResult();
  return { browser: browser.name, major: browser.major, os: os.name, device: device.type };
}

/** The fields that differ. Another browser has another version: that says nothing new. */
function differences(userAgent) {
  const [wanted, answered] = [theirs(userAgent), readUserAgent(userAgent)];
  const fields = FIELDS.filter((field) => wanted[field] !== answered[field]);
  return fields
    .filter((field) => field !== 'major' || !fields.includes('browser'))
    .map((field) => ({ field, theirs: wanted[field] ?? null, ours: answered[field] ?? null }));
}

/** Grouped by what differs; `count` is of different user agents, not of visits. */
function grouped(userAgents) {
  const groups = new Map();
  for (const example of userAgents) {
    for (const difference of differences(example)) {
      const name = JSON.stringify(difference);
      const group = groups.get(name) ?? { ...difference, count: 0, example };
      groups.set(name, { ...group, count: group.count + 1 });
    }
  }
  return [...groups.values()].sort(
    (a, b) =>
      FIELDS.indexOf(a.field) - FIELDS.indexOf(b.field) ||
      b.count - a.count ||
      (a.example < b.example ? -1 : 1),
  );
}

for (const [name, userAgents] of Object.entries(visits)) {
  test(`${name}: all fields agree for 99 of 100 visits`, (t) => {
    assert.ok(userAgents.length >= 100);
    const different = [...new Set(userAgents)];
    const wrong = new Set(different.filter((userAgent) => differences(userAgent).length));
    const agreement = 1 - userAgents.filter((userAgent) => wrong.has(userAgent)).length / userAgents.length;
    t.diagnostic(
      `${(100 * agreement).toFixed(2)} % of ${userAgents.length} visits, ${wrong.size} of ${different.length} user agents disagree`,
    );
    assert.ok(agreement >= AGREEMENT, [...wrong].join('\n'));
  });
}

test('where they disagree is what was reviewed', () => {
  const found = grouped(new Set([...Object.values(visits).flat(), ...rare].sort()));
  if (process.env.UPDATE_DISAGREEMENTS)
    writeFileSync(LIST, `[\n${found.map((group) => `  ${JSON.stringify(group)}`).join(',\n')}\n]\n`);
  assert.deepEqual(JSON.parse(readFileSync(LIST, 'utf8')), found);
});

test('what is no user agent has no fields', () => {
  for (const text of ['', ' ', 'undefined', '\ud800', 'x'.repeat(100_000)]) {
    assert.deepEqual(readUserAgent(text), {
      browser: undefined,
      major: undefined,
      os: undefined,
      device: undefined,
    });
  }
});
