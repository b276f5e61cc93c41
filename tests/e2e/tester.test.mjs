// The exposure tester: what is typed is what is shown is what is sent.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer } from './server.mjs';
import { launch, visit } from './visit.mjs';

let server;
let browser;

before(async () => {
  [server, browser] = await Promise.all([startServer(), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const open = (session) =>
  visit(browser, server.origin, async (page) => {
    await page.goto(`${server.origin}/tester.html`);
    await session(page);
  });

async function fill(page, fields) {
  for (const [name, value] of Object.entries(fields)) await page.fill(`[name=${name}]`, value);
}

const exposure = {
  api_key: 'demo-api-key',
  user_id: 'tess.ter',
  device_id: 'tess-device',
  flag_key: 'checkout-button',
  variant: 'treatment',
};

test('an exposure sent by hand is answered 200 and stored transformed', () =>
  open(async (page) => {
    await fill(page, exposure);
    await page.click('.send');
    await page.waitForSelector('#answer[data-state=good]');
    const answer = JSON.parse(await page.textContent('#answer'));
    assert.equal(answer.code, 200);
    const [stored] = await server.events({ user_id: 'tess.ter' });
    assert.equal(stored.event_type, '[Experiment] Exposure');
    assert.equal(stored.user_properties['[Experiment] checkout-button'], 'treatment');
  }));

test('the curl preview follows the fields, trims them and quotes for a shell', () =>
  open(async (page) => {
    await fill(page, { ...exposure, user_id: "  o'hara  ", variant: '' });
    const preview = await page.textContent('#curl');
    assert.ok(preview.startsWith(`curl -X POST '${server.origin}/2/httpapi'`));
    assert.ok(preview.includes(`"user_id": "o'\\''hara"`));
    assert.equal(preview.includes('"variant"'), false);
    await page.check('[value=elsewhere]');
    await page.fill('#endpoint', 'https://events.example/2/httpapi');
    assert.ok(
      (await page.textContent('#curl')).startsWith(`curl -X POST 'https://events.example/2/httpapi'`),
    );
  }));

test('the api key is required, and remembered in this browser', () =>
  open(async (page) => {
    await page.click('.send');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'api-key');
    assert.equal(await page.textContent('#answer'), 'Nothing sent yet.');
    await fill(page, exposure);
    await page.reload();
    assert.equal(await page.inputValue('#api-key'), 'demo-api-key');
    assert.equal(await page.inputValue('#user-id'), '');
  }));

test('a refusal shows its status and its body', async () => {
  // Chromium itself reports a refused request in the console, so this page is opened by hand.
  const page = await browser.newPage();
  await page.goto(`${server.origin}/tester.html`);
  await fill(page, { ...exposure, api_key: 'another-key' });
  await page.click('.send');
  await page.waitForSelector('#answer[data-state=bad]');
  assert.match(await page.textContent('#answer'), /^400: .*Invalid API key/s);
  await page.close();
});
