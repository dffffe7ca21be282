import type { Job, JobKind, JobProgress } from '../core/job.ts';
import type { JobStore } from '../jobs/job-store.ts';

/** Whether jobs of a kind have other jobs do their work. */
const startsOthers: Readonly<Record<JobKind, boolean>> = {
  export: false,
  import: false,
  copy: false,
  verify: false,
  dump_copy: false,
  dump_delete: false,
  backup: true,
  backup_verify: true,
  backup_delete: true,
  restore: true,
  run: true,
  definition_import: false,
};

/** A job with what is done for it: see {@link createFamilyProgress}. */
export type WithFamily = (job: Job) => Promise<Job>;

/**
 * Gives a job as everybody outside sees it: of one that starts others, progress, running tasks and what is waited for are those of all of them, since by
 * itself it does little but wait. `version` grows with theirs, so that watchers hear of them. Other jobs are given as they are.
 */
export function createFamilyProgress(store: Pick<JobStore, 'childJobs'>): WithFamily {
  return async function withFamily(job: Job): Promise<Job> {
    if (!startsOthers[job.kind]) return job;
    const children = await Promise.all((await store.childJobs(job.id)).map(withFamily));
    const family = [job, ...children];
    return {
      ...job,
      progress: family.map(({ progress }) => progress).reduce(sum),
      running: family.reduce((total, { running }) => total + running, 0),
      waitingFor: family.find(({ waitingFor }) => waitingFor !== null)?.waitingFor ?? null,
      version: family.reduce((total, { version }) => total + version, 0),
    };
  };
}

const sum = (one: JobProgress, other: JobProgress): JobProgress => ({
  bytesDone: one.bytesDone + other.bytesDone,
  bytesTotal: one.bytesTotal + other.bytesTotal,
  rowsDone: one.rowsDone + other.rowsDone,
  rowsTotal: one.rowsTotal + other.rowsTotal,
  unitsDone: one.unitsDone + other.unitsDone,
  unitsTotal: one.unitsTotal + other.unitsTotal,
});
