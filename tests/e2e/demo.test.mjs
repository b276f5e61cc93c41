// The main job end to end: the shop in a real browser, the real server, and what each of them knows
// afterwards.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { dist, startServer } from './server.mjs';
import {
  become,
  becomeNew,
  delivered,
  handedOver,
  launch,
  loopClosed,
  propertyShown,
  visit,
} from './visit.mjs';

const assignment = '[Experiment] Assignment';
const exposure = '[Experiment] Exposure';
const button = '[Experiment] checkout-button';
const banner = '[Experiment] free-shipping-banner';

let server;
let browser;

before(async () => {
  [server, browser] = await Promise.all([startServer(), launch()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const open = (session, options) =>
  visit(
    browser,
    server.origin,
    async (page) => {
      await page.goto(server.origin);
      await loopClosed(page);
      await session(page);
    },
    options,
  );

const ofType = (events, type) => events.filter((event) => event.event_type === type);
const ofFlag = (events, flag) =>
  ofType(events, exposure).filter((event) => event.event_properties['[Experiment] Flag Key'] === flag);

test('a new visitor is assigned once, exposed, and carries the property from then on', () =>
  open(async (page) => {
    const device_id = await becomeNew(page);
    await loopClosed(page);
    await delivered(page);
    const events = await server.events({ device_id });
    const assigned = ofType(events, assignment);
    assert.equal(assigned.length, 1);
    const variant = assigned[0].event_properties[`${button}.variant`];
    assert.equal(assigned[0].event_properties[`${banner}.variant`], 'off');
    assert.equal(button in assigned[0].user_properties, false, 'an assignment sets nothing');
    const [exposed] = ofFlag(events, 'checkout-button');
    assert.equal(exposed.event_properties['[Experiment] Experiment Key'], 'exp-1');
    const met = variant === 'off' ? undefined : variant;
    assert.equal(exposed.event_properties['[Experiment] Variant'], met);
    assert.equal(exposed.user_properties[button], met);
    const { user_properties } = await server.user({ device_id });
    assert.equal(user_properties[button], met);
  }));

test('switching shows the variants of the next visitor and their exposure transformed, without a reload', () =>
  open(async (page) => {
    await page.evaluate(() => (window.sameDocument = true));
    await become(page, 'jonas');
    await loopClosed(page);
    assert.equal(await page.textContent('#checkout'), 'Check out');
    assert.match(await page.textContent('#banner'), /^Shipping €6/);
    const [exposed] = ofFlag(await server.events({ user_id: 'jonas.lind' }), 'checkout-button');
    assert.equal(exposed.event_properties['[Experiment] Variant'], 'control');
    const card = page.locator('.card[data-kind=exposure]', { hasText: 'checkout-button' });
    for (const shown of [
      '$exposure',
      exposure,
      'flag_key',
      '[Experiment] Flag Key',
      `set ${button} = control`,
    ])
      assert.ok((await card.textContent()).includes(shown), shown);
    assert.equal(await page.locator('.card[data-kind=assignment]').count(), 1);
    assert.equal(await page.evaluate(() => window.sameDocument), true);
  }));

test('the ledger shows the property before and after the exposure', () =>
  open(async (page) => {
    await become(page, 'anonymous');
    await loopClosed(page);
    assert.deepEqual(await propertyShown(page, button), ['not set', 'treatment']);
    assert.deepEqual(await propertyShown(page, banner), ['not set', 'not set']);
  }));

test('a member sees the free shipping that a guest does not', () =>
  open(async (page) => {
    assert.match(await page.textContent('#banner'), /^Members ship free/);
    assert.deepEqual(
      [await page.textContent('#shipping'), await page.textContent('#total')],
      ['Free', '€132'],
    );
    await become(page, 'jonas');
    await page.waitForFunction(() => document.querySelector('#total').textContent === '€138');
  }));

test('a visitor outside the rollout sees the usual button, and the property is unset', () =>
  open(async (page) => {
    await become(page, 'amara');
    await loopClosed(page);
    assert.equal(await page.textContent('#checkout'), 'Check out');
    const events = await server.events({ user_id: 'amara.diallo' });
    assert.equal(ofType(events, assignment)[0].event_properties[`${button}.variant`], 'off');
    const [exposed] = ofFlag(events, 'checkout-button');
    assert.equal('[Experiment] Variant' in exposed.event_properties, false);
    assert.deepEqual(await propertyShown(page, button), ['not set', 'not set']);
  }));

test('coming back the same day makes neither a second exposure nor a second assignment', () =>
  open(async (page) => {
    const device_id = await becomeNew(page);
    await loopClosed(page);
    await delivered(page);
    await become(page, 'mira');
    await loopClosed(page);
    await delivered(page);
    const [tracked, stored] = [await handedOver(page), await server.events({ device_id: 'mira-laptop' })];
    await become(page, 'jonas');
    await loopClosed(page);
    await delivered(page);
    const afterJonas = await handedOver(page);
    await become(page, 'mira');
    await loopClosed(page);
    await delivered(page);
    assert.equal(await handedOver(page), afterJonas);
    assert.ok(afterJonas >= tracked);
    assert.deepEqual(await server.events({ device_id: 'mira-laptop' }), stored);
    assert.equal(ofType(await server.events({ device_id }), assignment).length, 1);
  }));

test('an order afterwards carries the property, the events before do not', () =>
  open(async (page) => {
    await become(page, 'jonas');
    await loopClosed(page);
    await page.locator('#checkout').click();
    await page.locator('.card[data-kind=ordinary]').waitFor();
    assert.equal(await page.textContent('#thanks'), 'Thank you. Your order is noted.');
    const events = await server.events({ user_id: 'jonas.lind' });
    const order = ofType(events, 'Order Completed')[0];
    assert.equal(order.user_properties[button], 'control');
    assert.equal(button in ofType(events, assignment)[0].user_properties, false);
  }));

test('a reload keeps the visitor and sends nothing again', () =>
  open(async (page) => {
    const device_id = await becomeNew(page);
    await loopClosed(page);
    await delivered(page);
    const [tracked, stored] = [await handedOver(page), await server.events({ device_id })];
    const label = await page.textContent('#checkout');
    await page.reload();
    await loopClosed(page);
    await delivered(page);
    assert.equal(await page.locator('[name=visitor]:checked').getAttribute('value'), 'new');
    assert.equal(await page.textContent('#checkout'), label);
    assert.equal(await handedOver(page), tracked);
    assert.deepEqual(await server.events({ device_id }), stored);
  }));

test('the last of several quick switches wins', () =>
  open(async (page) => {
    for (const visitor of ['jonas', 'amara', 'anonymous']) await become(page, visitor);
    await loopClosed(page);
    assert.equal(await page.textContent('#checkout'), 'Get it by Friday');
    assert.equal(await page.textContent('#whose'), 'Anonymous');
  }));

test('nothing moves when the variants arrive', () =>
  visit(browser, server.origin, async (page) => {
    let release;
    const held = new Promise((go) => (release = go));
    await page.route('**/sdk/v2/vardata*', (route) => held.then(() => route.continue()));
    await page.goto(server.origin);
    await page.waitForFunction(() => document.body.ariaBusy === 'true');
    const places = () =>
      Promise.all(['#banner', '#checkout', '.more'].map((part) => page.locator(part).boundingBox()));
    const early = await places();
    release();
    await loopClosed(page);
    assert.deepEqual(await places(), early);
  }));

test('the keyboard alone walks through the visitors and to the checkout', () =>
  open(async (page) => {
    await page.locator('[data-visitor=mira] input').focus();
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction(() => document.querySelector('#whose').textContent === 'Jonas');
    await loopClosed(page);
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'new-visitor');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'checkout');
  }));

test('the ledger rests while the page is hidden', () =>
  visit(browser, server.origin, async (page) => {
    let reads = 0;
    page.on('request', (request) => request.url().includes('/api/') && reads++);
    await page.clock.install();
    await page.goto(server.origin);
    await loopClosed(page);
    const hide = (hidden) =>
      page.evaluate((value) => {
        Object.defineProperty(document, 'hidden', { configurable: true, value });
        document.dispatchEvent(new Event('visibilitychange'));
      }, hidden);
    await hide(true);
    await page.waitForLoadState('networkidle');
    const before = reads;
    await page.clock.runFor(30_000);
    assert.equal(reads, before);
    const read = page.waitForRequest(/\/api\//);
    await hide(false);
    await read;
  }));

test('only the file of the ledger holds the admin key', async () => {
  const assets = resolve(dist, 'assets');
  const files = (await readdir(assets)).filter((name) => name.endsWith('.js'));
  const texts = await Promise.all(files.map((name) => readFile(resolve(assets, name), 'utf8')));
  const holders = files.filter((_, at) => texts[at].includes('demo-admin-key'));
  assert.equal(holders.length, 1);
  assert.match(holders[0], /^ledger-/);
});
