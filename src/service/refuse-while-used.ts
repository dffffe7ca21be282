import { AppError } from '../core/errors.ts';
import { unfinishedStates } from '../core/job.ts';
import { refuseWhileScratch } from './backup-uses.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { databasesOf } from './job-databases.ts';

/** Throws `database-in-use` while a job works with a database, or backups are tried in it. */
export async function refuseWhileUsed(parts: ServiceDependencies, name: string): Promise<void> {
  const { store } = parts;
  const states = unfinishedStates;
  const [own] = await store.listJobs({ databases: [name], states, limit: 1 });
  const copies = await store.listJobs({ kinds: ['copy'], states, limit: 1000 });
  const job = own ?? copies.find(({ request }) => databasesOf(request).includes(name));
  if (job !== undefined) {
    throw new AppError('database-in-use', {
      field: 'name',
      message: `The job ${job.name} uses database ${name} and is not finished.`,
    });
  }
  await refuseWhileScratch(parts, name);
}
