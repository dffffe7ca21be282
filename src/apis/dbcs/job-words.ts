import type { Job, JobState } from '../../core/job.ts';
import type { JobWord } from './address.ts';

/** How a job stands, in the words of job statuses and in those of activities. */
interface Words {
  readonly status: 'In Progress' | 'Succeeded' | 'Failed';
  readonly activity: 'NEW' | 'RUNNING' | 'SUCCEED' | 'FAILED';
}

const atWork: Words = { status: 'In Progress', activity: 'RUNNING' };
const failed: Words = { status: 'Failed', activity: 'FAILED' };

const words: Readonly<Record<JobState, Words>> = {
  queued: { status: 'In Progress', activity: 'NEW' },
  planning: atWork,
  executing: atWork,
  completing: atWork,
  stopping: atWork,
  // Nothing happens any more, unless somebody resumes it.
  stopped: failed,
  failed,
  cancelling: atWork,
  cancelled: failed,
  completed: { status: 'Succeeded', activity: 'SUCCEED' },
};

export const wordsOf = ({ state }: Pick<Job, 'state'>): Words => words[state];

export const jobWordOf = (job: Job): JobWord => (job.request.kind === 'restore' ? 'recovery' : 'backup');

/** Why a job does not go on, or did not end well; '' when all is as it should be. */
export function reasonOf({ state, error, waitingFor }: Job): string {
  if (error !== null) return error.hint === '' ? error.message : `${error.message} ${error.hint}`;
  if (state === 'stopped') return 'The job was stopped; it can be resumed.';
  if (state === 'cancelled') return 'The job was cancelled.';
  return waitingFor === null ? '' : waitingFor.message;
}
