// The checkout button: an experiment evaluated by the server decides its label and colour.
import type { Variant } from 'experiment-wasm';
import { track } from './analytics';
import { total } from './basket';

const button = document.querySelector<HTMLButtonElement>('#checkout')!;
const label = button.querySelector<HTMLElement>('.label')!;
const thanks = document.querySelector<HTMLElement>('#thanks')!;

// For a visitor outside the rollout, or when no server answers.
const usual = { label: 'Check out', colour: 'cobalt' };

export function showCheckout(variant: Variant): void {
  const look = { ...usual, ...(variant.payload as Partial<typeof usual> | undefined) };
  label.textContent = look.label;
  button.dataset.colour = look.colour;
  button.disabled = false;
  thanks.textContent = '';
}

button.addEventListener('click', async () => {
  const sent = await track('Order Completed', { total });
  thanks.textContent = sent
    ? 'Thank you. Your order is noted.'
    : 'The shop could not be reached. Please try again.';
});
