/** Something that people and programs want to hear of without asking. */
export const eventTypes = [
  'backup.completed',
  'backup.failed',
  'backup.verified',
  'backup.damaged',
  'backup.deleted',
  'backup.prune_failed',
  'restore.completed',
  'restore.failed',
  'run.completed',
  'run.failed',
  'definitions.exported',
  'definitions.imported',
  'schedule.skipped',
  'schedule.refused',
] as const;
export type EventType = (typeof eventTypes)[number];

/** Whether an event tells of trouble: those go by mail too. */
export const isAlarm = (type: EventType): boolean => alarms.has(type);
const alarms: ReadonlySet<EventType> = new Set([
  'backup.failed',
  'backup.damaged',
  'backup.prune_failed',
  'restore.failed',
  'run.failed',
  // What should have run did not, and nobody was there to be told.
  'schedule.refused',
]);

export interface NewEvent {
  readonly type: EventType;
  /** One sentence. */
  readonly message: string;
  /** Registered database that it is about; null: none. */
  readonly database: string | null;
  readonly jobId: string | null;
  /** Plain JSON, without secrets. */
  readonly data: Readonly<Record<string, unknown>>;
  /** The same key gives the same event: written once, whoever writes it again after a crash. */
  readonly key: string;
}

export interface Event extends NewEvent {
  /** Ascending, from 1. */
  readonly seq: number;
  readonly at: number;
}
