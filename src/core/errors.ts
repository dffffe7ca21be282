import { type ErrorCode, type ErrorKind, errorCatalogue } from './error-catalogue.ts';

/** What an {@link AppError} carries besides its catalogue code. */
export interface AppErrorOptions {
  /** One sentence for the caller: what is wrong, with the offending value named. Never holds a secret. */
  readonly message: string;
  /** The remedy, as one sentence. Defaults to the catalogue's. */
  readonly hint?: string;
  /** The request field or command line option that is wrong, in the native API's spelling (`file_pattern`). */
  readonly field?: string;
  /** What was being done, as noun phrase (`put`, `open database`). */
  readonly operation?: string;
  /** Facts for the log: names, SQLSTATE, paths. Never secrets. */
  readonly context?: Readonly<Record<string, string | number | boolean | null>>;
  /** Numbers that belong to the message, for readers that want them by themselves; kept with the error. */
  readonly figures?: Readonly<Record<string, number>>;
  /** A retry of the same call may succeed. Defaults to the catalogue's. */
  readonly temporary?: boolean;
  readonly cause?: unknown;
}

/**
 * The only error that leaves a plug-in, an operation or the service.
 * Kind and code come from {@link errorCatalogue}; the three renderers (log, CLI, HTTP) are exhaustive over kinds.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly hint: string;
  readonly field: string | undefined;
  readonly operation: string | undefined;
  readonly context: Readonly<Record<string, string | number | boolean | null>>;
  readonly figures: Readonly<Record<string, number>> | undefined;
  readonly temporary: boolean;

  constructor(code: ErrorCode, options: AppErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    const entry = errorCatalogue[code];
    this.name = 'AppError';
    this.code = code;
    this.kind = entry.kind;
    this.hint = options.hint ?? entry.hint;
    this.field = options.field;
    this.operation = options.operation;
    this.context = options.context ?? {};
    this.figures = options.figures;
    this.temporary =
      options.temporary ?? entry.temporary ?? (entry.kind === 'unavailable' || entry.kind === 'timeout');
  }
}

/** Plain, storable form of an error: what a job, a task or a log line keeps. */
export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly field?: string;
  readonly figures?: Readonly<Record<string, number>>;
}

/** The storable form of `error`; anything that is not an AppError becomes `internal` with its message. */
export function toErrorRecord(error: unknown): ErrorRecord {
  const app = toAppError(error);
  return {
    code: app.code,
    message: app.message,
    hint: app.hint,
    ...(app.field === undefined ? {} : { field: app.field }),
    ...(app.figures === undefined ? {} : { figures: app.figures }),
  };
}

/** `error` itself when it is an AppError, an `aborted` one for aborts, else an `internal` one that wraps it. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof Error && error.name === 'AbortError') {
    return new AppError('aborted', { message: 'The work was interrupted.', cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new AppError('internal', { message, cause: error });
}

/** True for an error that means "stop, nobody wants this result": an abort or a lost lease. */
export function isInterruption(error: unknown): boolean {
  return (
    (error instanceof AppError && (error.kind === 'aborted' || error.kind === 'lease_lost')) ||
    (error instanceof Error && error.name === 'AbortError')
  );
}

/** The kind of a stored error. */
export const errorKindOf = (code: ErrorCode): ErrorKind => errorCatalogue[code].kind;

/** Errors of these kinds stay what they are as long as the request is the same; but these of them may go when the databases change. */
const lastingKinds: readonly ErrorKind[] = ['invalid', 'unsupported'];
const passingCodes: readonly string[] = ['database-statement', 'preflight-failed', 'script-failed'];
/** Errors of other kinds that stay: of what is read, and will be read again. */
const lastingCodes: readonly string[] = ['definitions-changed', 'dump-damaged', 'dump-not-a-dump'];

/** Whether a job that failed with this code can end otherwise when it is resumed. A code that this version does not know: perhaps. */
export function canResumeHelp(code: string): boolean {
  if (passingCodes.includes(code) || !(code in errorCatalogue)) return true;
  return !lastingCodes.includes(code) && !lastingKinds.includes(errorKindOf(code as ErrorCode));
}

/** The same error, about the request field `field`: for errors of parts that do not know which field they were given. */
export function withField(error: unknown, field: string): AppError {
  const { code, message, hint, operation, context, figures, temporary, cause } = toAppError(error);
  return new AppError(code, {
    message,
    hint,
    field,
    context,
    temporary,
    ...(operation === undefined ? {} : { operation }),
    ...(figures === undefined ? {} : { figures }),
    ...(cause === undefined ? {} : { cause }),
  });
}
