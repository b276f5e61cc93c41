// Reads what the server stored, with the admin key, which the shop does not have.
import type { ExperimentUser } from 'experiment-wasm';

const adminKey = 'demo-admin-key';
// More than a visitor of the demo makes in a day.
const limit = '60';

export interface StoredEvent {
  event_type: string;
  event_properties: Record<string, unknown>;
  /** The user's properties at the time when the event was stored. */
  user_properties: Record<string, unknown>;
  insert_id: string;
  time: number | string;
}

/** Oldest first. */
export function readEvents(user: ExperimentUser): Promise<StoredEvent[]> {
  return read('/api/events', { ...queryOf(user), limit });
}

export async function readProperties(user: ExperimentUser): Promise<Record<string, unknown>> {
  const stored = await read<{ user_properties: Record<string, unknown> }>('/api/users', queryOf(user));
  return stored.user_properties;
}

function queryOf({ user_id, device_id }: ExperimentUser): Record<string, string> {
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
