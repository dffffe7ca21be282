/** Decides only who runs which task. */
export interface Dispatcher {
  /** Begins to hand out tasks. */
  start(): Promise<void>;
  /** There may be new work: look now. */
  notify(): void;
  /** A stop or cancel was asked for: abort the job's running tasks in this process (and, where there are others, in those). */
  interrupt(jobId: string): void;
  /** Takes no new tasks, waits for the running ones at most `graceMs`, then interrupts and releases them. */
  drain(graceMs: number): Promise<void>;
}
