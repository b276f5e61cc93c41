// The shop: fetches the visitor's variants, then shows them.
import { showBanner } from './banner';
import { showCheckout } from './checkout';
import { experiment } from './experiment';
import { onVisitor } from './switcher';
import type { Visitor } from './visitors';

let started = false;
let current: Visitor;

onVisitor(async (visitor) => {
  current = visitor;
  document.body.ariaBusy = 'true';
  await variantsFor(visitor);
  if (visitor === current) show(); // else the visitor changed meanwhile
});

/** Assignment: the server evaluates, and stores the result. */
async function variantsFor(visitor: Visitor): Promise<void> {
  if (started) await experiment.fetch(visitor.user);
  else await start(visitor);
}

async function start(visitor: Visitor): Promise<void> {
  started = true;
  await experiment.start(visitor.user);
}

/** Exposure: reading a variant tracks it. */
function show(): void {
  showBanner(experiment.variant('free-shipping-banner'));
  showCheckout(experiment.variant('checkout-button'));
  document.body.ariaBusy = 'false';
}
