import type { OperationContext } from '../core/context.ts';
import type { Job } from '../core/job.ts';
import type { ExportRequest } from '../core/request.ts';
import type { TaskContext } from '../jobs/handler.ts';
import type { TaskRecord } from '../jobs/job-store.ts';
import type { Storage } from '../storages/storage.ts';
import type { Environment } from './environment.ts';
import type { ExportDataResult, ExportPlan } from './plan-types.ts';

/** After a cancel: removes every file that the job wrote. */
export async function cleanUpExport(
  environment: Environment,
  request: ExportRequest,
  job: Job,
  context: TaskContext,
): Promise<void> {
  // Without a plan nothing was written.
  if (job.plan === null) return;
  const storage = await environment.storage(request.location);
  await removeWritten(storage, job.plan as ExportPlan, context);
}

/** Removes every file that the tasks of a job wrote, and what they left of unfinished ones. */
export async function removeWritten(storage: Storage, plan: ExportPlan, context: TaskContext): Promise<void> {
  const tasks = await context.tasks();
  if (metOthers(tasks)) {
    // A service elsewhere writes to the same names: only what tasks of this job have finished is ours for sure.
    const written = tasks.flatMap(
      ({ result }) => (result as ExportDataResult | null)?.written?.file.name ?? [],
    );
    for (const name of written) await storage.remove(name, context);
    return;
  }
  await removeDumpFiles(storage, plan, new Set(), context);
}

/** Whether a file of somebody else stood in the way of one of the job's own. */
export const metOthers = (tasks: readonly TaskRecord[]): boolean =>
  tasks.some(({ error }) => error?.code === 'file-exists');

/**
 * Removes the files of a plan but those of `keep`: all of the job's own folder, or the planned names; the master first, so that no half
 * set ever looks complete.
 */
export async function removeDumpFiles(
  storage: Storage,
  plan: ExportPlan,
  keep: ReadonlySet<string>,
  context: OperationContext,
): Promise<void> {
  const { layout } = plan;
  if (layout.form === 'folder' && storage.lists) {
    await storage.remove(`${layout.folder}/manifest.json`, context);
    const names: string[] = [];
    for await (const file of storage.list(`${layout.folder}/`, context)) names.push(file.name);
    for (const name of names) if (!keep.has(name)) await storage.remove(name, context);
  } else {
    for (const name of [...plan.files].reverse()) if (!keep.has(name)) await storage.remove(name, context);
  }
  await sweepDumpFiles(storage, plan, context);
}

/** Removes what killed processes left of unfinished files of a plan; the finished ones stay. */
export async function sweepDumpFiles(
  storage: Storage,
  plan: ExportPlan,
  context: OperationContext,
): Promise<void> {
  const { layout } = plan;
  const prefixes = layout.form === 'folder' ? [`${layout.folder}/`] : plan.files;
  for (const prefix of prefixes) await storage.sweep(prefix, context);
}
