/** Where a plug-in writes what an operator should know. Messages never hold secrets. */
export interface Logger {
  debug(message: string, data?: Readonly<Record<string, unknown>>): void;
  info(message: string, data?: Readonly<Record<string, unknown>>): void;
  warn(message: string, data?: Readonly<Record<string, unknown>>): void;
  error(message: string, data?: Readonly<Record<string, unknown>>): void;
}

/** Handed to every call that does I/O. */
export interface OperationContext {
  /** Aborted when nobody wants the result any more; the call then rejects within a second. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}
