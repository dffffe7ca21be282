import type { Backup } from '../../core/backup.ts';
import { AppError } from '../../core/errors.ts';
import type { Job } from '../../core/job.ts';
import type { CallContext, Service } from '../../service/service.ts';

/** How the backup of a recovery was chosen, in the fields of requests; of one that another API took: by its tag. */
export async function recoveryParameters(
  service: Service,
  context: CallContext,
  job: Job,
): Promise<Readonly<Record<string, string>>> {
  const { parameters } = job.apiData as { readonly parameters?: Readonly<Record<string, string>> };
  if (parameters !== undefined) return parameters;
  const backup = await recoveredBackup(service, context, job);
  return backup === null || backup.tag === null ? {} : { tag: backup.tag };
}

/** The backup that a recovery brings back; null: the job is none, or the caller may not read it. */
export async function recoveredBackup(
  service: Service,
  context: CallContext,
  { request }: Job,
): Promise<Backup | null> {
  if (request.kind !== 'restore') return null;
  try {
    return await service.getBackup(context, request.backup);
  } catch (error) {
    if (error instanceof AppError && ['backup-unknown', 'forbidden'].includes(error.code)) return null;
    throw error;
  }
}
