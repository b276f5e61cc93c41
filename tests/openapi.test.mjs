// The recorded answers of the server are as docs/openapi.json describes them: statuses, headers and bodies.
// What the records do not have is looked at by `make fuzz-server`.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Description } from './openapi/description.mjs';
import { records } from './openapi/records.mjs';

const description = new Description(
  JSON.parse(readFileSync(new URL('../docs/openapi.json', import.meta.url), 'utf8')),
);
const recorded = records(
  readFileSync(new URL('../server/tests/server/answers/recorded.txt', import.meta.url), 'utf8'),
).filter(({ path, headers }) => description.path(path) && headers.has('x-request-id'));

test('every recorded answer is as described', () => {
  assert.ok(recorded.length > 250, `${recorded.length} records`);
  for (const { method, path, status, headers, body } of recorded) {
    const faults = description.faults(method, path, { status, headers, body });
    assert.deepEqual(faults, [], `${method} ${path}: ${status} ${body}`);
  }
});

test('what is not described is found', () => {
  const { headers } = recorded.find(({ path, status }) => path === '/livez' && status === 200);
  const faults = (method, path, status, body) =>
    description.faults(method, path, { status, headers, body }).join();
  assert.equal(faults('GET', '/livez', 200, '{"status":"ok"}'), '');
  assert.match(faults('GET', '/livez', 200, '{"status":"well"}'), /status/);
  assert.match(faults('GET', '/livez', 200, '{"status":"ok","since":1}'), /since/);
  assert.match(faults('GET', '/livez', 200, '{}'), /status/);
  assert.match(faults('GET', '/livez', 200, '<p>'), /JSON/);
  assert.match(faults('GET', '/livez', 418, '{}'), /418/);
  assert.match(faults('PUT', '/livez', 200, '{}'), /method/);
  assert.match(faults('GET', '/sdk/v2/flags', 200, '[]'), /etag/);
  assert.match(faults('GET', '/api/flags/button', 401, '{"code":401,"error":""}'), /www-authenticate/);
});
