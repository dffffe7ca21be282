import { jobCredentialName, jobCredentialPrefix } from '../core/job-credential.ts';
import type { NewJob } from '../jobs/job-store.ts';
import type { JobTable } from './schema.ts';
import type { Trx } from './store-context.ts';

/** Keeps the credentials that come with a job, in the order in which the request counts them. */
export async function keepJobCredentials(
  trx: Trx,
  job: Pick<JobTable, 'id' | 'owner' | 'created_at'>,
  credentials: NonNullable<NewJob['credentials']>,
): Promise<void> {
  if (credentials.length === 0) return;
  await trx
    .insertInto('credential')
    .values(
      credentials.map(({ type, sealedBody }, position) => ({
        name: jobCredentialName(job.id, position),
        owner: job.owner,
        type,
        sealed_body: sealedBody,
        created_at: job.created_at,
      })),
    )
    .execute();
}

/** Removes the credentials of jobs that need them no more: they ended well, were cancelled, or are removed themselves. */
export async function dropJobCredentials(trx: Trx, jobIds: readonly string[]): Promise<void> {
  if (jobIds.length === 0) return;
  await trx
    .deleteFrom('credential')
    .where((eb) => eb.or(jobIds.map((id) => eb('name', 'like', `${jobCredentialPrefix(id)}%`))))
    .execute();
}
