// Finds comments in TypeScript and JavaScript that are wider than 110 columns: Biome does not wrap comments.
// `make lint-js` runs it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const WIDTH = 110;

const root = fileURLToPath(new URL('..', import.meta.url));
const folders = ['pkg', 'www', 'tests', 'benches', 'crates'];
const made = /(^|\/)(node_modules|dist|output|public-api)\//;

const files = folders.flatMap((folder) => {
  const paths = readdirSync(join(root, folder), { recursive: true }).map((path) => `${folder}/${path}`);
  return paths.filter((path) => /\.(ts|mjs|cjs|js)$/.test(path) && !made.test(path));
});

/** A line that is a comment and nothing else. An address cannot be broken. */
const isWide = (line) => line.length > WIDTH && /^\s*(\/\/|\/\*|\*)/.test(line) && !/https?:/.test(line);

for (const file of files) {
  readFileSync(join(root, file), 'utf8')
    .split('\n')
    .forEach((line, index) => {
      if (!isWide(line)) return;
      console.error(`${file}:${index + 1}: a comment of ${line.length} columns; at most ${WIDTH}`);
      process.exitCode = 1;
    });
}
