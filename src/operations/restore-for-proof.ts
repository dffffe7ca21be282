import { quantity } from '../base/quantity.ts';
import type { Backup, BackupProof } from '../core/backup.ts';
import { type Job, unfinishedStates } from '../core/job.ts';
import type { Manifest } from '../core/manifest.ts';
import type { BackupVerifyRequest } from '../core/request.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { BackupParts } from './backup-parts.ts';
import { importStep, type RestoreTarget, restoreInto } from './restore-set.ts';
import { makeJobDatabase } from './scratch.ts';

/** Restores a backup into a database of the job's own, or the one that may be emptied for it, and counts there what was saved. */
export async function restoreForProof(
  parts: BackupParts,
  backup: Backup,
  manifest: Manifest,
  { database, scratchDatabase, threads }: BackupVerifyRequest,
  claims: number,
  context: TaskContext,
): Promise<TaskOutcome | Pick<BackupProof, 'ok' | 'message'>> {
  const use =
    scratchDatabase === null
      ? await ownDatabase(parts, { like: database, claims }, context)
      : await sharedDatabase(parts, scratchDatabase, context);
  if ('type' in use) return use;
  const restored = await restoreInto(parts, backup, manifest, { ...use, threads }, context);
  if ('type' in restored) return restored;
  if (scratchDatabase !== null) {
    const last = await lastImport(parts, scratchDatabase);
    // Somebody filled it while it was counted: that says nothing about the backup.
    if (last !== null && !isOf(last, context.job)) return { type: 'wait', jobIds: [last.id] };
  }
  const { tables, rows, differences } = restored;
  return differences.length === 0
    ? {
        ok: true,
        message: `Restored: ${quantity(tables, 'table')} with ${quantity(rows, 'row')}, as many as were saved.`,
      }
    : {
        ok: false,
        message: `What was restored is not what was saved: ${differences.slice(0, 5).join(' ')}`,
      };
}

async function ownDatabase(
  parts: BackupParts,
  like: { readonly like: string; readonly claims: number },
  context: TaskContext,
): Promise<Omit<RestoreTarget, 'threads'>> {
  const own = await makeJobDatabase(parts, context.job, 'scratch', like, context);
  return { database: own.name, step: importStep(own), erase: false };
}

/** Only the jobs that a job started itself are sure to wake it. */
const foreignJobMs = 1000;

/**
 * A database that several proofs may empty is one proof's at a time: that of the last import into it. A proof that was stopped, and finds that
 * another one filled the database meanwhile, empties it and begins anew. Gives what the task waits for when it is not this one's turn.
 */
async function sharedDatabase(
  parts: BackupParts,
  database: string,
  context: TaskContext,
): Promise<TaskOutcome | Omit<RestoreTarget, 'threads'>> {
  const last = await lastImport(parts, database);
  if (last?.parent != null && isOf(last, context.job))
    return { database, step: last.parent.step, erase: true };
  const before = await proofsBefore(parts, database, last, context);
  const jobIds = before.length > 0 ? before : await endResting(parts, database);
  if (jobIds.length > 0) return { type: 'wait', jobIds, recheckMs: foreignJobMs };
  return { database, step: `import/${last?.seq ?? 0}`, erase: true };
}

/** Null: there was none, or its job is gone. */
async function lastImport({ jobs }: BackupParts, database: string): Promise<Job | null> {
  const [last] = await jobs.listJobs({ kinds: ['import'], databases: [database], limit: 1 });
  return last ?? null;
}

/** Whether a job has the database by that import; one that is cancelled never filled it. */
const isOf = ({ parent, state }: Job, { id }: Pick<Job, 'id'>): boolean =>
  parent?.jobId === id && state !== 'cancelling' && state !== 'cancelled';

/** The proofs whose turn it is before this one's: the one that has the database, and those that were started earlier. */
async function proofsBefore(
  { jobs }: BackupParts,
  database: string,
  last: Job | null,
  { job }: TaskContext,
): Promise<readonly string[]> {
  const proofs = await jobs.listJobs({ kinds: ['backup_verify'], states: unfinishedStates, limit: 1000 });
  return proofs
    .filter(({ request }) => (request as BackupVerifyRequest).scratchDatabase === database)
    .filter((other) => other.id !== job.id && (other.seq < job.seq || (last !== null && isOf(last, other))))
    .map(({ id }) => id);
}

/** Cancels the imports of proofs that were stopped or failed, so that no resume lets them go on beside this one. Gives those that still work. */
async function endResting({ jobs, cancel }: BackupParts, database: string): Promise<readonly string[]> {
  const imports = await jobs.listJobs({
    kinds: ['import'],
    databases: [database],
    states: ['stopped', 'failed', 'cancelling'],
    limit: 1000,
  });
  const ending: string[] = [];
  for (const { id, parent, state } of imports) {
    const owner = parent === null ? null : await jobs.getJob(parent.jobId);
    if (owner?.kind !== 'backup_verify') continue;
    if (state !== 'cancelling') await cancel(id);
    ending.push(id);
  }
  return ending;
}
