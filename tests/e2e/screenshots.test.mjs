// Pictures of both pages, narrow and wide, light and dark, for people to look at: tests/output.
// What it checks itself is that nothing sticks out sideways.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { startServer } from './server.mjs';
import { become, launch, loopClosed, visit } from './visit.mjs';

const output = resolve(import.meta.dirname, '../output');

let server;
let browser;

before(async () => {
  await mkdir(output, { recursive: true });
  [server, browser] = await Promise.all([startServer(), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

for (const width of [360, 1440]) {
  for (const colorScheme of ['light', 'dark']) {
    const options = { viewport: { width, height: 900 }, colorScheme, reducedMotion: 'reduce' };
    const picture = (name) => resolve(output, `${name}-${width}-${colorScheme}.png`);

    test(`the shop at ${width} pixels, ${colorScheme}`, () =>
      visit(
        browser,
        server.origin,
        async (page) => {
          await page.goto(server.origin);
          await loopClosed(page);
          await become(page, 'jonas');
          await loopClosed(page);
          await take(page, picture('shop'));
        },
        options,
      ));

    test(`the tester at ${width} pixels, ${colorScheme}`, () =>
      visit(
        browser,
        server.origin,
        async (page) => {
          await page.goto(`${server.origin}/tester.html`);
          await page.fill('#api-key', 'demo-api-key');
          await page.fill('#flag-key', 'checkout-button');
          await take(page, picture('tester'));
        },
        options,
      ));
  }
}

/** As tall as the page, so that what sticks to the foot of the window stands where it belongs. */
async function take(page, path) {
  const { width } = page.viewportSize();
  const [wide, tall] = await page.evaluate(({ scrollWidth, scrollHeight } = document.documentElement) => [
    scrollWidth,
    scrollHeight,
  ]);
  assert.ok(wide <= width, `${wide} pixels in a window of ${width}`);
  await page.setViewportSize({ width, height: tall });
  await page.screenshot({ path });
}
