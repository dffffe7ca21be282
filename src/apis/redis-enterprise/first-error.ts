import type { Job } from '../../core/job.ts';
import type { CallContext, Service } from '../../service/service.ts';

/** The job, and where it ended with errors the first of them as its own: what an error of the whole job would say of the others. */
export async function withFirstError(
  service: Pick<Service, 'firstJobError'>,
  context: CallContext,
  job: Job,
): Promise<Job> {
  if (job.state !== 'completed' || job.errorCount === 0) return job;
  return { ...job, error: await service.firstJobError(context, job.id) };
}

/** The same of several, in their order. */
export const withFirstErrors = (
  service: Pick<Service, 'firstJobError'>,
  context: CallContext,
  jobs: readonly Job[],
): Promise<readonly Job[]> => Promise.all(jobs.map((job) => withFirstError(service, context, job)));
