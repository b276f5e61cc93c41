// Reads what the server stored, with the admin key that only this side of the page holds.
import type { ExperimentUser } from 'experiment-wasm';

const adminKey = 'demo-admin-key';
// More than one visitor of the demo makes in a day.
const newest = '60';

export interface StoredEvent {
  event_type: string;
  event_properties: Record<string, unknown>;
  /** The user's properties as they were when this event was taken in. */
  user_properties: Record<string, unknown>;
  insert_id: string;
  time: number | string;
}

/** Oldest first. */
export function readEvents(user: ExperimentUser): Promise<StoredEvent[]> {
  return read('/api/events', { ...whose(user), limit: newest });
}

export async function readProperties(user: ExperimentUser): Promise<Record<string, unknown>> {
  const stored = await read<{ user_properties: Record<string, unknown> }>('/api/users', whose(user));
  return stored.user_properties;
}

function whose({ user_id, device_id }: ExperimentUser): Record<string, string> {
  return user_id ? { user_id } : { device_id: device_id ?? '' };
}

async function read<Answer>(path: string, query: Record<string, string>): Promise<Answer> {
  const answer = await fetch(`${path}?${new URLSearchParams(query)}`, {
    headers: { Authorization: `Bearer ${adminKey}` },
    cache: 'no-store',
  });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return answer.json() as Promise<Answer>;
}
