/** Where a plug-in writes what an operator should know. Messages never hold secrets. */
export interface Logger {
  debug(message: string, data?: Readonly<Record<string, unknown>>): void;
  info(message: string, data?: Readonly<Record<string, unknown>>): void;
  warn(message: string, data?: Readonly<Record<string, unknown>>): void;
  error(message: string, data?: Readonly<Record<string, unknown>>): void;
}

/** Which try of which job's work something is. */
export interface Work {
  readonly jobId: string;
  /** See Job.restarts. */
  readonly restarts: number;
  /** See ClaimedTask.claims: whoever has a lower number has lost the work, and may not know it. */
  readonly claims: number;
}

/** Handed to every call that does I/O. */
export interface OperationContext {
  /** Aborted when nobody wants the result any more; the call then rejects within a second. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Absent: it is no job's. */
  readonly work?: Work;
}
