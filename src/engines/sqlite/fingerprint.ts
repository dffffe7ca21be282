import { stat } from 'node:fs/promises';
import { AppError } from '../../core/errors.ts';

/**
 * How a database file can be told from a changed one without opening it. Opening is out of the question: closing any descriptor of
 * a file drops all POSIX locks that the process holds on it, SQLite's among them.
 */
export type Fingerprint = string;

/** Longer than a tick of any file system clock in use (4 ms on Linux): a change after that is seen in the time. */
const tickMs = 20;

interface FileState {
  readonly text: string;
  /** When it last changed, milliseconds since the epoch. */
  readonly changedAt: number;
}

/**
 * The fingerprint of the main file and its write-ahead log, once the last change is so long ago that any later one must alter it;
 * null if the file keeps changing for a second. Meant to be called while writers are locked out.
 */
export async function settledFingerprint(path: string): Promise<Fingerprint | null> {
  for (let round = 0; round < 1000 / tickMs; round++) {
    const states = await Promise.all([fileState(path), fileState(`${path}-wal`)]);
    const age = Date.now() - Math.max(...states.map((state) => state.changedAt));
    // A time in the future (a clock that was set back) cannot be waited for.
    if (age > tickMs || age < -tickMs) return states.map((state) => state.text).join(' ');
    await new Promise((wake) => setTimeout(wake, tickMs));
  }
  return null;
}

/** A write-ahead log that is empty says the same as none: opening a database makes one, closing removes it. */
async function fileState(path: string): Promise<FileState> {
  try {
    const { mtimeNs, ctimeNs, size, ino } = await stat(path, { bigint: true });
    if (size === 0n) return { text: '-', changedAt: 0 };
    return { text: `${ino}.${size}.${mtimeNs}.${ctimeNs}`, changedAt: Number(ctimeNs / 1_000_000n) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { text: '-', changedAt: 0 };
    throw new AppError('database-unreachable', {
      message: `The database file ${path} cannot be looked at: ${(error as Error).message}.`,
      hint: 'Check the permissions of the folders on the way to it.',
      cause: error,
    });
  }
}
