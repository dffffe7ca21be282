import type { JobNotice } from './job-notices.ts';

/** A process that shares the store with others. */
export interface Instance {
  /** Unique for ever: a process that starts again is another instance. */
  readonly id: string;
  /** What people call it: the option `instance`, else the name of the machine. */
  readonly name: string;
  /** Version of the program. */
  readonly version: string;
  /** Where it answers; null: it does not (a command). */
  readonly url: string | null;
  /** Milliseconds since the epoch, by the store's clock. */
  readonly startedAt: number;
  readonly seenAt: number;
}

/** Who shares the store. Times are the store's own, so that clocks of instances may differ. Each verb is one transaction. */
export interface InstanceStore {
  /**
   * Says that the instance is here; it is written on the first call, and again when it had been taken for gone. Of `jobIds` (those that it has something
   * open for) it gives what is known now: a job that is missing is gone.
   */
  report(
    instance: Omit<Instance, 'startedAt' | 'seenAt'>,
    jobIds: readonly string[],
  ): Promise<readonly JobNotice[]>;
  /** The instance ends, in order. */
  leave(id: string): Promise<void>;
  /** By name, then start. */
  listInstances(): Promise<readonly Instance[]>;
}
