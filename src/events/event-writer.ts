import type { NewEvent } from '../core/event.ts';
import type { EventStore } from '../jobs/event-store.ts';
import { type ConfiguredChannels, isToBeDelivered } from './event-channel.ts';

/** Writes events down; those that are to leave are due from the same moment, whether or not a service runs that sends them. */
export function createEventWriter(
  store: Pick<EventStore, 'addEvent'>,
  channels: ConfiguredChannels,
): (event: NewEvent) => Promise<void> {
  return async (event) => {
    await store.addEvent(event, { deliver: isToBeDelivered(event, channels) });
  };
}
