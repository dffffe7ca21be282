import { AppError, isInterruption } from '../../core/errors.ts';
import type { Job } from '../../core/job.ts';
import type { CallContext, JobFile, Service } from '../../service/service.ts';
import type { ApiRequest } from '../api.ts';
import type { Address } from './address.ts';
import { type JobFacts, jobFacts, ownerName } from './job-item.ts';
import { callContext, type OrdsParts } from './operation.ts';

export interface FoundJob {
  readonly job: Job;
  readonly facts: JobFacts;
}

/**
 * The job of `{owner_name},{job_name}`: two keys in one segment, parted at the first comma. Throws `job-unknown` when there is none, when
 * the owner is another, or when the job was cancelled.
 */
export async function findJob(parts: OrdsParts, request: ApiRequest, address: Address): Promise<FoundJob> {
  const key = request.params.job ?? '';
  const comma = key.indexOf(',');
  const unknown = new AppError('job-unknown', {
    message: `There is no job ${JSON.stringify(key.slice(0, 200))} in this pool.`,
    hint: 'Address a job as jobs/{owner_name},{job_name}/; jobs/ lists them.',
  });
  if (comma < 1 || comma === key.length - 1) throw unknown;
  const owner = key.slice(0, comma);
  const name = key.slice(comma + 1).toUpperCase();
  const job = await parts.service
    .findJob(callContext(request), address.database, 'ords', name)
    .catch((error: unknown) => {
      throw error instanceof AppError && error.code === 'job-unknown' ? unknown : error;
    });
  const facts = jobFacts(job, parts.endState);
  if (facts === null || ownerName(job) !== owner.toUpperCase()) throw unknown;
  return { job, facts };
}

/**
 * The dump files of an export that exist by now; imports have none of their own. A location that does not answer takes the links away,
 * not the job: pollers need its state all the more.
 */
export async function dumpFiles(
  service: Pick<Service, 'jobFiles'>,
  context: CallContext,
  job: Job,
): Promise<readonly JobFile[]> {
  if (job.kind !== 'export') return [];
  try {
    return await service.jobFiles(context, job.id);
  } catch (error) {
    if (error instanceof AppError && error.kind !== 'internal' && !isInterruption(error)) return [];
    throw error;
  }
}
