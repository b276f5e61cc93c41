// That the fuzzer finds what is wrong: a fuzzer that finds nothing looks like an engine without bugs.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { emptyCoverage, faultsOf } from './coverage.mjs';
import { differences } from './differences.mjs';
import { BUILT, Native, wasm } from './engines.mjs';
import { fuzz, together } from './fuzz.mjs';
import { Fields, tree } from './json-text.mjs';
import { judge, same } from './judge.mjs';
import { pair, texts } from './pair.mjs';
import { changed, plain } from './reference.mjs';
import { isWell, report } from './report.mjs';

const SEED = 20261125;
const native = new Native(BUILT);
after(() => native.close());

const ask = { native: (questions) => native.ask(questions), wasm: (questions) => questions.map(wasm) };
const question = ({ flags, user, keys }) => texts(Fields.of({ flags: tree(flags), user: tree(user), keys }));

test('two thousand pairs, and nothing that is not explained', () => {
  const run = fileURLToPath(new URL('run.mjs', import.meta.url));
  const out = execFileSync(process.execPath, [run, '--pairs', '2000', '--seed', String(SEED)], {
    encoding: 'utf8',
  });
  assert.match(out, /^pairs: 2000 /m);
  assert.match(out, /^failed: native 0, wasm 0$/m);
});

test('a wrong comparison is found, and shrunk to one condition', async () => {
  const wrong = ({ flags, ...rest }) => ({
    ...rest,
    flags: flags.replaceAll('"op":"less"', '"op":"less or equal"'),
  });
  const run = await fuzz({
    seed: SEED,
    pairs: 1000,
    engines: { native: (questions) => native.ask(questions.map(wrong)) },
  });
  assert.ok(run.failed.native > 0 && !isWell(run));
  const { flags, user } = run.failures[0].question;
  const [{ segments }, ...others] = JSON.parse(flags);
  assert.deepEqual(
    [others.length, segments.length, segments[0].conditions.length, segments[0].conditions[0].length],
    [0, 1, 1, 1],
  );
  assert.equal(segments[0].conditions[0][0].op, 'less');
  assert.ok(flags.length < 250, flags);
  assert.ok(user.length < 60, user);
  const line = report(run, 1).find((line) => line.startsWith('{"name":"found by the fuzzer'));
  assert.deepEqual(JSON.parse(line).input.flags, JSON.parse(flags));
});

test("a trace that is not the reference's is found, though the variants are", async () => {
  const wrong = (questions) =>
    questions.map(wasm).map((answer) => {
      for (const trace of Object.values(answer?.traces ?? {})) delete trace.matchedSegment;
      return answer;
    });
  const run = await fuzz({ seed: SEED, pairs: 200, engines: { wasm: wrong } });
  assert.ok(run.failed.wasm > 0);
  assert.match(run.failures[0].question.flags, /segmentName/);
});

test('a fault that is not told is found', async () => {
  const wrong = async (questions) =>
    (await native.ask(questions)).map((answer) => ({ ...answer, skipped: {} }));
  const run = await fuzz({ seed: SEED, pairs: 300, engines: { native: wrong } });
  assert.ok(run.failed.native > 0);
});

test('an engine that answers less than it was asked is no engine', async () => {
  const lazy = async (questions) => (await native.ask(questions)).slice(1);
  await assert.rejects(
    fuzz({ seed: SEED, pairs: 10, engines: { native: lazy } }),
    /native answered 9 of 10 questions/,
  );
});

test('a native build that ends answers that it did, for each question that it was at', async () => {
  const answers = await new Native('/bin/false').ask([pair(SEED, 0), pair(SEED, 1)]);
  assert.equal(answers.length, 2);
  for (const [number, answer] of answers.entries()) {
    assert.match(answer.throws, /ended with 1/);
    assert.match(judge(pair(SEED, number), { native: answer }).native.fails, /it throws/);
  }
});

test('a generator whose conditions nobody meets is noticed', () => {
  const run = { coverage: { ...emptyCoverage(), pairs: 5000 }, failures: [] };
  assert.ok(faultsOf(run.coverage).length && !isWell(run));
});

test('the same seed makes the same pairs, and two halves are a whole', async () => {
  const { flags, user } = pair(SEED, 7);
  assert.deepEqual({ flags, user }, { flags: pair(SEED, 7).flags, user: pair(SEED, 7).user });
  assert.notEqual(flags, pair(SEED + 1, 7).flags);
  const engines = { wasm: ask.wasm };
  const halves = [
    await fuzz({ seed: SEED, pairs: 50, engines }),
    await fuzz({ seed: SEED, from: 50, pairs: 50, engines }),
  ];
  assert.deepEqual(
    halves.reduce(together),
    together(await fuzz({ seed: SEED, pairs: 100, engines }), await fuzz({ seed: SEED, pairs: 0, engines })),
  );
});

test('the reference with no difference made to it is the reference', () => {
  for (let number = 0; number < 500; number++) {
    const asked = pair(SEED, number);
    const { fired, ...said } = changed(asked, []);
    assert.equal(fired.size, 0);
    assert.ok(same(said, plain(asked)), asked.flags);
  }
});

for (const { name, engines = ['native', 'wasm'], example } of differences) {
  test(`an intended difference: ${name}`, async () => {
    const asked = question(example);
    const verdicts = await Promise.all(
      engines.map(async (engine) => judge(asked, { [engine]: (await ask[engine]([asked]))[0] })[engine]),
    );
    assert.ok(
      verdicts.some(({ differs }) => same(differs, [name])),
      JSON.stringify(verdicts),
    );
  });
}
