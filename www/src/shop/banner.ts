// The shipping banner: a flag evaluated in the browser decides whether shipping is free.
import type { Variant } from 'experiment-wasm';
import { setShipping } from './basket';

const banner = document.querySelector<HTMLElement>('#banner')!;
const usual = 'Shipping €6. Sent the day after you order.';

export function showBanner(variant: Variant): void {
  const free = variant.value === 'on';
  const { text } = (variant.payload ?? {}) as { text?: string };
  banner.textContent = (free && text) || usual;
  banner.dataset.free = String(free);
  setShipping(free);
}
