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
  const others = scratchDatabase === null ? [] : await othersAt(parts, scratchDatabase, context);
  if (others.length > 0) return { type: 'wait', jobIds: others, recheckMs: foreignJobMs };
  const use =
    scratchDatabase === null
      ? await ownDatabase(parts, { like: database, claims }, context)
      : { database: scratchDatabase, step: 'import', erase: true };
  const restored = await restoreInto(parts, backup, manifest, { ...use, threads }, context);
  if ('type' in restored) return restored;
  const { tables, rows, differences } = restored;
  return differences.length === 0
    ? { ok: true, message: `Restored: ${tables} tables with ${rows} rows, as many as were saved.` }
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

/** One proof at a time fills a database that several may empty: the jobs that are before this one. */
async function othersAt(
  { jobs }: BackupParts,
  scratchDatabase: string,
  { job }: TaskContext,
): Promise<readonly string[]> {
  const hasBegun = async ({ id }: Job): Promise<boolean> => (await jobs.childJob(id, 'import')) !== null;
  if (await hasBegun(job)) return [];
  const proofs = await jobs.listJobs({ kinds: ['backup_verify'], states: unfinishedStates, limit: 1000 });
  const before: string[] = [];
  for (const other of proofs) {
    const request = other.request as BackupVerifyRequest;
    if (other.id === job.id || request.scratchDatabase !== scratchDatabase) continue;
    if (other.seq < job.seq || (await hasBegun(other))) before.push(other.id);
  }
  return before;
}
