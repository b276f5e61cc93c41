// Prints the intended differences as Markdown, for the page "Coming from @amplitude/experiment-js-client":
// node tests/side-by-side/differences.mjs
import { SCRIPTS } from './scripts/all.mjs';

const reasons = new Map();
for (const { name, differs } of SCRIPTS)
  for (const { why } of differs) reasons.set(why, (reasons.get(why) ?? new Set()).add(name));

console.log(`# What differs from @amplitude/experiment-js-client, and why

Each difference is asserted by the scripts named below it, which play the same page with both clients.
`);
for (const [why, names] of reasons)
  console.log(`- ${why}\n${[...names].map((name) => `  - ${name}`).join('\n')}`);
