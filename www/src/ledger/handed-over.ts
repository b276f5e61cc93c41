// Overhears the exposures that the SDK hands to the shop's provider, as they were before the server transformed them.
import type { ExperimentUser, ExposureTrackingProvider } from 'experiment-wasm';

export interface SentEvent {
  event_type: string;
  user_id?: string;
  device_id?: string;
  time: number;
  insert_id: string;
  event_properties: Record<string, unknown>;
}

// Outlives a reload, not the tab.
const remembered = 'ledger-handed-over';
// A visit of the demo hands over a handful.
const most = 200;

const events: SentEvent[] = JSON.parse(sessionStorage.getItem(remembered) ?? '[]');

export function overhear(provider: ExposureTrackingProvider, heard: () => void): void {
  const track = provider.track;
  provider.track = (exposure, event) => {
    if (event) remember(event as SentEvent);
    heard();
    return track.call(provider, exposure, event);
  };
}

function remember(event: SentEvent): void {
  events.push(event);
  sessionStorage.setItem(remembered, JSON.stringify(events.slice(-most)));
}

export function handedOverFor({ user_id, device_id }: ExperimentUser): SentEvent[] {
  return events.filter((event) => event.user_id === user_id && event.device_id === device_id);
}
