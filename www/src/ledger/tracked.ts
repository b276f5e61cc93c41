// Records the exposures that the SDK gives to the shop's provider: they show what the server transformed.
import type { ExperimentUser, ExposureTrackingProvider } from 'experiment-wasm';

export interface SentEvent {
  event_type: string;
  user_id?: string;
  device_id?: string;
  time: number;
  insert_id: string;
  event_properties: Record<string, unknown>;
}

// In sessionStorage: kept over reloads, until the tab is closed.
const storageKey = 'ledger-handed-over';
// More than a visit of the demo tracks.
const maxEvents = 200;

const events: SentEvent[] = JSON.parse(sessionStorage.getItem(storageKey) ?? '[]');

export function recordTracked(provider: ExposureTrackingProvider, onTrack: () => void): void {
  const track = provider.track;
  provider.track = (exposure, event) => {
    if (event) remember(event as SentEvent);
    onTrack();
    return track.call(provider, exposure, event);
  };
}

function remember(event: SentEvent): void {
  events.push(event);
  sessionStorage.setItem(storageKey, JSON.stringify(events.slice(-maxEvents)));
}

export function trackedFor({ user_id, device_id }: ExperimentUser): SentEvent[] {
  return events.filter((event) => event.user_id === user_id && event.device_id === device_id);
}
