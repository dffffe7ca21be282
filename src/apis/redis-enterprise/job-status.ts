import { isResting, type Job } from '../../core/job.ts';
import { exportReason, importReason } from './failure-reasons.ts';
import { shownText } from './shown-text.ts';

/** The three attributes that a bdb has for each kind of run. */
export interface RunStatus {
  readonly status: '' | 'idle' | 'initializing' | 'exporting' | 'importing' | 'succeeded' | 'failed';
  /** 0 to 100; under 100 as long as something is to be done. */
  readonly progress: number;
  /** Empty unless it failed. */
  readonly reason: string;
}

const never: RunStatus = { status: '', progress: 0, reason: '' };
const idle: RunStatus = { status: 'idle', progress: 0, reason: '' };

/**
 * What a bdb says of its exports.
 * @param newest the newest export; null: there was none, or none is kept
 * @param resetAt `seq` of the newest job when the status was reset; undefined: it never was
 */
export function exportStatus(newest: Job | null, resetAt: number | undefined): RunStatus {
  if (newest === null) return resetAt === undefined ? never : idle;
  if (resetAt !== undefined && newest.seq <= resetAt) return idle;
  if (!isResting(newest.state)) return { status: 'exporting', progress: progressOf(newest), reason: '' };
  if (hasSucceeded(newest)) return { status: 'succeeded', progress: 100, reason: '' };
  const reason = newest.error === null ? 'general-error' : exportReason(newest.error);
  return { status: 'failed', progress: progressOf(newest), reason };
}

/** The same of its imports. The sources are fetched and checked while the job is planned and verifies. */
export function importStatus(newest: Job | null, resetAt: number | undefined): RunStatus {
  if (newest === null) return resetAt === undefined ? never : idle;
  if (resetAt !== undefined && newest.seq <= resetAt) return idle;
  if (!isResting(newest.state)) {
    return isLoading(newest)
      ? { status: 'importing', progress: progressOf(newest), reason: '' }
      : { status: 'initializing', progress: 0, reason: '' };
  }
  if (hasSucceeded(newest)) return { status: 'succeeded', progress: 100, reason: '' };
  const reason = newest.error === null ? 'general-error' : importReason(newest.error);
  return { status: 'failed', progress: progressOf(newest), reason };
}

/** Whether an import writes to its database by now. */
export const isLoading = ({ kind, state }: Job): boolean =>
  kind === 'import' && ['executing', 'completing', 'stopping', 'cancelling'].includes(state);

/** Whether all of it is where it belongs. A job that went on past errors has left something out. */
export const hasSucceeded = ({ state, errorCount }: Job): boolean =>
  state === 'completed' && errorCount === 0;

/** Percent with one decimal; 100 only when the job has completed. */
export function progressOf(job: Job): number {
  if (hasSucceeded(job)) return 100;
  const { bytesDone, bytesTotal } = job.progress;
  if (bytesTotal <= 0) return 0;
  // Totals are estimates: more may be done than was foreseen.
  return Math.min(99.9, Math.floor((bytesDone / bytesTotal) * 1000) / 10);
}

/** Why a job that rests did not succeed, in a sentence; null when it did. */
export function failureText(job: Job): string | null {
  if (!isResting(job.state) || hasSucceeded(job)) return null;
  const { state, error, errorCount, name } = job;
  if (state !== 'completed') return shownText(error?.message ?? `It was ${state}.`);
  if (error === null) return `It ended with errors (${errorCount}): the log of the job ${name} has them.`;
  const more = errorCount - 1;
  const message = shownText(error.message);
  return more === 0 ? message : `${message} And ${more} more: the log of the job ${name} has them.`;
}
