import { AppError } from '../../core/errors.ts';

/** Why `signal` was aborted, as an AppError: its reason if that is one, else `aborted`. */
export const abortError = (signal: AbortSignal): AppError =>
  signal.reason instanceof AppError
    ? signal.reason
    : new AppError('aborted', { message: 'The work was interrupted.', cause: signal.reason });
