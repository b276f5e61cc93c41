// What the basket costs, with and without shipping.

const goods = 74 + 2 * 18 + 22; // the three lines of index.html: kettle, two mugs, bowl
const shipping = 6;

const shippingLine = document.querySelector<HTMLElement>('#shipping')!;
const totalLine = document.querySelector<HTMLElement>('#total')!;

export let total = goods + shipping;

export function setShipping(free: boolean): void {
  total = free ? goods : goods + shipping;
  shippingLine.textContent = free ? 'Free' : `€${shipping}`;
  totalLine.textContent = `€${total}`;
}
