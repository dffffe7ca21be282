import type { JobState } from '../../core/job.ts';

/**
 * How a job that is at rest shows. `COMPLETED` is the default: success is `COMPLETED`, stop and failure are `STOPPED`.
 * `NOT RUNNING` is the word of an Oracle 25.4 database for every job whose control table is kept.
 */
export type EndState = 'COMPLETED' | 'NOT RUNNING';

/** The documented words that we use. Two-word states have a space. */
export type DataPumpState = 'EXECUTING' | 'COMPLETING' | 'COMPLETED' | 'STOPPING' | 'STOPPED' | 'NOT RUNNING';

/** Null: the job is not to be seen any more. Total, so that a new state does not compile until it has a word. */
const words: Readonly<Record<JobState, Readonly<Record<EndState, DataPumpState | null>>>> = {
  // The published answer to a start says EXECUTING, so waiting for a worker does too.
  queued: { COMPLETED: 'EXECUTING', 'NOT RUNNING': 'EXECUTING' },
  planning: { COMPLETED: 'EXECUTING', 'NOT RUNNING': 'EXECUTING' },
  executing: { COMPLETED: 'EXECUTING', 'NOT RUNNING': 'EXECUTING' },
  completing: { COMPLETED: 'COMPLETING', 'NOT RUNNING': 'COMPLETING' },
  completed: { COMPLETED: 'COMPLETED', 'NOT RUNNING': 'NOT RUNNING' },
  failed: { COMPLETED: 'STOPPED', 'NOT RUNNING': 'NOT RUNNING' },
  stopping: { COMPLETED: 'STOPPING', 'NOT RUNNING': 'STOPPING' },
  stopped: { COMPLETED: 'STOPPED', 'NOT RUNNING': 'NOT RUNNING' },
  cancelling: { COMPLETED: 'STOPPING', 'NOT RUNNING': 'STOPPING' },
  cancelled: { COMPLETED: null, 'NOT RUNNING': null },
};

/** The Data Pump word for a state; null when the job answers 404. */
export const dataPumpState = (state: JobState, endState: EndState): DataPumpState | null =>
  words[state][endState];
