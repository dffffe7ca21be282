import { type Event, type EventType, isAlarm } from '../core/event.ts';

/** A way on which events leave. */
export interface EventChannel {
  /** For the log: `webhook`. */
  readonly name: string;
  takes(type: EventType): boolean;
  /** Resolves when the other side has taken the event. Throws an AppError; another try may follow, so that an event can come twice. */
  send(event: Event, signal: AbortSignal): Promise<void>;
}

/** Which channels there are: so much is known also where none is opened. */
export interface ConfiguredChannels {
  readonly webhook: boolean;
  /** Whether anybody is told of alarms about this database; of the empty name: about what concerns none. */
  readonly mail: (database: string) => boolean;
}

/** Whether an event is to leave on any channel: all go to the webhook, alarms also by mail. */
export const isToBeDelivered = (
  { type, database }: Pick<Event, 'type' | 'database'>,
  { webhook, mail }: ConfiguredChannels,
): boolean => webhook || (isAlarm(type) && mail(database ?? ''));
