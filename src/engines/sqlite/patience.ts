import { AppError } from '../../core/errors.ts';
import { sqliteCode } from './classify.ts';
import { sleepUnlessInterrupted, wasInterrupted } from './worker-calls.ts';

/** How long to wait for others who write. */
const lockMs = 30_000;
const lockPauseMs = 50;

/** In a worker: tries while others hold the lock; SQLite's own waiting could not be interrupted. */
export function patiently<T>(attempt: () => T): T {
  const deadline = Date.now() + lockMs;
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!sqliteCode(error).startsWith('SQLITE_BUSY') || Date.now() > deadline) throw error;
    }
    sleepUnlessInterrupted(lockPauseMs);
    stopIfInterrupted();
  }
}

/** In a worker: throws when the caller of the running call has given up. */
export function stopIfInterrupted(): void {
  if (wasInterrupted()) throw new AppError('aborted', { message: 'The work was interrupted.' });
}
