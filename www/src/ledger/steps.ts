// The loop of the checkout experiment in three steps: assigned, exposed, property.

const steps = document.querySelector<HTMLElement>('#steps')!;

export interface Progress {
  assigned?: string;
  exposed?: string;
  property?: string;
}

export function showSteps(progress: Progress): void {
  set('assigned', progress.assigned);
  set('exposed', progress.exposed);
  set('property', progress.property);
}

function set(step: keyof Progress, text?: string): void {
  const item = steps.querySelector<HTMLElement>(`[data-step="${step}"]`)!;
  item.dataset.state = text === undefined ? 'waiting' : 'done';
  item.querySelector('b')!.textContent = text ?? 'not yet';
}
