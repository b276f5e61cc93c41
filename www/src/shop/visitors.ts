// The visitors of the shop: four known ones, and any number of new ones.
import type { ExperimentUser } from 'experiment-wasm';
import { randomId } from '../random-id';

export interface Visitor {
  id: string;
  name: string;
  note: string;
  user: ExperimentUser;
}

// With the salt in demo.json these four get treatment, control, no variant (outside the rollout) and
// treatment.
export const visitors: readonly Visitor[] = [
  {
    id: 'mira',
    name: 'Mira',
    note: 'member, Norway',
    user: {
      user_id: 'mira.holt',
      device_id: 'mira-laptop',
      country: 'Norway',
      user_properties: { plan: 'member' },
    },
  },
  {
    id: 'jonas',
    name: 'Jonas',
    note: 'guest, Sweden',
    user: {
      user_id: 'jonas.lind',
      device_id: 'jonas-phone',
      country: 'Sweden',
      user_properties: { plan: 'guest' },
    },
  },
  {
    id: 'amara',
    name: 'Amara',
    note: 'member, Senegal',
    user: {
      user_id: 'amara.diallo',
      device_id: 'amara-tablet',
      country: 'Senegal',
      user_properties: { plan: 'member' },
    },
  },
  {
    id: 'anonymous',
    name: 'Anonymous',
    note: 'device only',
    user: { device_id: 'visitor-4f1c9a' },
  },
];

export function newVisitor(): Visitor {
  const id = randomId();
  return { id: 'new', name: 'New visitor', note: `device ${id}`, user: { device_id: `visitor-${id}` } };
}
