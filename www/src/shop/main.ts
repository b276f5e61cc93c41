// The shop: for whoever is at the door, ask for variants, then show them.
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
  if (visitor === current) show(); // else somebody else came in meanwhile
});

/** Assignment: the server evaluates, and stores what it chose. */
async function variantsFor(visitor: Visitor): Promise<void> {
  if (started) await experiment.fetch(visitor.user);
  else await start(visitor);
}

async function start(visitor: Visitor): Promise<void> {
  started = true;
  await experiment.start(visitor.user);
}

/** Exposure: reading a variant in order to show it is what tracks it. */
function show(): void {
  showBanner(experiment.variant('free-shipping-banner'));
  showCheckout(experiment.variant('checkout-button'));
  document.body.ariaBusy = 'false';
}
