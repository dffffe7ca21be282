import type { Job } from '../core/job.ts';
import type { JobStore } from '../jobs/job-store.ts';

/** The jobs that a job started, themselves or through others. */
export async function descendantsOf(store: Pick<JobStore, 'childJobs'>, id: string): Promise<readonly Job[]> {
  const found: Job[] = [];
  for (const child of await store.childJobs(id)) {
    found.push(child, ...(await descendantsOf(store, child.id)));
  }
  return found;
}
