import type { OperationContext } from '../core/context.ts';
import type { Job } from '../core/job.ts';
import type { ExportRequest } from '../core/request.ts';
import type { TaskContext } from '../jobs/handler.ts';
import type { PlanPayload, TaskRecord } from '../jobs/job-store.ts';
import type { Storage } from '../storages/storage.ts';
import type { Environment } from './environment.ts';
import type { ExportDataPayload, ExportDataResult, ExportPlan } from './plan-types.ts';
import { plannedFiles } from './planned-files.ts';

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
  await removeWritten(storage, job.plan as ExportPlan, request, context);
}

/** Removes every file that the tasks of a job wrote, and what they left of unfinished ones. */
export async function removeWritten(
  storage: Storage,
  plan: ExportPlan,
  request: ExportRequest,
  context: TaskContext,
): Promise<void> {
  const tasks = await context.tasks();
  if (metOthers(tasks)) {
    // A service elsewhere writes to the same names: only what tasks of this job have finished is ours for sure.
    const written = tasks.flatMap(
      ({ result }) => (result as ExportDataResult | null)?.written?.file.name ?? [],
    );
    for (const name of written) await storage.remove(name, context);
    return;
  }
  const unmade = tasks.find(({ kind, state }) => kind === 'plan' && state !== 'done');
  await removeDumpFiles(storage, plan, othersFiles(plan, request, unmade?.payload), context);
}

/**
 * Names of a plan under which tasks of it met files of somebody else.
 * @param payload of the task that makes the next plan
 */
export function othersFiles(plan: ExportPlan, request: ExportRequest, payload: unknown): ReadonlySet<string> {
  const refused = (payload as PlanPayload | null | undefined)?.refused ?? [];
  return new Set(
    refused.flatMap(
      (each) => (each as Partial<ExportDataPayload>).file ?? plannedFiles(plan.layout, [], request, false),
    ),
  );
}

/** Whether a file of somebody else stands in the way of one of the job's own. */
export const metOthers = (tasks: readonly TaskRecord[]): boolean =>
  tasks.some(({ state, error }) => state !== 'done' && error?.code === 'file-exists');

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
