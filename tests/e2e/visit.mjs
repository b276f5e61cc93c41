// One visit: a browser with nothing remembered, the demo open in it, and everything that went wrong on the
// page.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

// Far more than anything here takes; a failure is a bug, not a slow machine.
const patience = 15_000;

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });

/** Runs `session` on a fresh page, then demands a silent console and no request to another host. */
export async function visit(browser, origin, session, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const wrong = [];
  page.on('console', (said) => ['error', 'warning'].includes(said.type()) && wrong.push(said.text()));
  page.on('pageerror', (error) => wrong.push(String(error)));
  page.on('request', (request) => isOwn(request.url(), origin) || wrong.push(request.url()));
  try {
    await session(page);
    assert.deepEqual(wrong, []);
  } catch (error) {
    throw wrong.length ? new Error(`the page complained: ${wrong.join('; ')}`, { cause: error }) : error;
  } finally {
    await context.close();
  }
}

const isOwn = (url, origin) => url.startsWith('data:') || new URL(url).origin === origin;

export const become = (page, visitor) => page.locator(`[data-visitor=${visitor}] input`).check();

/** Somebody the server has never seen; answers their device id. */
export async function becomeNew(page) {
  await page.locator('#new-visitor').click();
  return page.evaluate(() => JSON.parse(sessionStorage.getItem('shop-visitor')).user.device_id);
}

/** The ledger shows the whole loop: assigned, exposed, property. */
export const loopClosed = (page) =>
  page.waitForFunction(() => {
    const done = document.querySelectorAll('[data-step][data-state=done]');
    return document.body.ariaBusy === 'false' && done.length === 3;
  });

export const propertyShown = (page, name) => page.locator(`[data-property="${name}"] td`).allTextContents();

/** Nothing that was handed over is still on its way. */
export const delivered = (page) =>
  page.waitForFunction(() => !Object.keys(localStorage).some((key) => key.startsWith('EXP_outbox_v1_')));

/** How many exposures the SDK handed to the provider, in this tab. */
export const handedOver = (page) =>
  page.evaluate(() => JSON.parse(sessionStorage.getItem('ledger-handed-over') ?? '[]').length);
