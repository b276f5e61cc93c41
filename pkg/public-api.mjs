// Compares the declarations of each entry, without comments, with the reviewed ones in pkg/public-api: a
// change of what the package exports is a change of these files. `make lint-js` runs it; UPDATE=1 writes
// them.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { entries } from './entries.mjs';
import { declarations } from './types.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const reviewed = `${here}public-api/`;

/** The declarations without comments, sorted: the order of imports makes no difference. */
function plain(text) {
  const source = ts.createSourceFile('entry.d.ts', text, ts.ScriptTarget.Latest);
  const printer = ts.createPrinter({ removeComments: true });
  const print = (statement) => printer.printNode(ts.EmitHint.Unspecified, statement, source);
  return `${source.statements.map(print).sort().join('\n')}\n`;
}

/** The first line in which two texts differ. */
function firstDifference(before, now) {
  const [old, fresh] = [before.split('\n'), now.split('\n')];
  const index = fresh.findIndex((line, at) => line !== old[at]);
  return index < 0 ? [old[fresh.length], ''] : [old[index] ?? '', fresh[index]];
}

const names = entries.map(({ name }) => name);
for (const [entry, text] of Object.entries(declarations(here, names))) {
  const file = `${reviewed}${entry}.d.ts`;
  const now = plain(text);
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (before === now) continue;
  if (process.env.UPDATE) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, now);
    continue;
  }
  const [old, fresh] = firstDifference(before, now);
  console.error(
    `The exports of ${entry} changed:\n- ${old}\n+ ${fresh}\nIf that is meant, run: make lint-js UPDATE=1`,
  );
  process.exitCode = 1;
}
