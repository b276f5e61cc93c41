// Cargo's runner for tests in wasm: serves them with wasm-bindgen-test-runner, opens their page in the named
// browser and prints what the page says. No WebDriver is needed.
// Use: CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER='node tests/in-browser.mjs chromium' cargo test …
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { launch } from './package/browser-fixture.mjs';

/** In milliseconds, for all tests of a file on a busy machine. */
const PATIENCE = 300_000;

const [name, ...test] = process.argv.slice(2);

const server = spawn('wasm-bindgen-test-runner', test, {
  env: {
    ...process.env,
    WASM_BINDGEN_USE_BROWSER: '1',
    NO_HEADLESS: '1',
    WASM_BINDGEN_TEST_ADDRESS: '127.0.0.1:0',
  },
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  const passed = await run(await addressOf(server));
  process.exitCode = passed ? 0 : 1;
} finally {
  server.kill();
}

/** The page of the tests. A file without tests has none. */
async function addressOf({ stdout }) {
  const lines = [];
  for await (const line of createInterface({ input: stdout })) {
    const [, address] = /available at (http:\S+)/.exec(line) ?? [];
    if (address) return address;
    lines.push(line);
  }
  throw new Error(`No page with tests:\n${lines.join('\n')}`);
}

/** Whether all tests passed. */
async function run(address) {
  const browser = await launch(name);
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error(error));
    if (test.includes('--nocapture')) page.on('console', (message) => console.log(message.text()));
    await page.goto(address);
    const over = () => /^test result: /m.test(document.querySelector('#output').textContent);
    const error = await page.waitForFunction(over, { timeout: PATIENCE, polling: 100 }).catch((late) => late);
    const said = await page.$eval('#output', (output) => output.textContent);
    console.log(said);
    if (error instanceof Error) console.error(`The tests did not end: ${error.message}`);
    return /^test result: ok\./m.test(said);
  } finally {
    await browser.close();
  }
}
