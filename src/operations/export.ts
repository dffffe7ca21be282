import type { ErrorRecord } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import type { ExportRequest } from '../core/request.ts';
import type { JobHandler, TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { ClaimedTask } from '../jobs/job-store.ts';
import { confirmedEnvironment } from './confirmed.ts';
import type { Environment } from './environment.ts';
import { finishBareExport, writeBareFile } from './export-bare.ts';
import { cleanUpExport } from './export-cleanup.ts';
import { readDdl, writeUnits } from './export-data.ts';
import { finishExport, writeSingleFile } from './export-finish.ts';
import { planExport } from './export-plan.ts';
import { keepExportedFiles } from './export-restart.ts';
import { endSource } from './export-source.ts';
import { forgetHashKey } from './hash-key.ts';
import { tablesOfGroup } from './log-lines.ts';
import type { ExportDataPayload, ExportDdlPayload, ExportFinishPayload, ExportPlan } from './plan-types.ts';
import { exportSubject } from './task-subject.ts';

/**
 * The export, as a runbook. Each step is a task that any worker may run; what it needs to know is in the store.
 *
 *     plan    preflight, take the snapshot, inspect, select, cut into units, write the plan        -> export-plan.ts
 *     ddl     read the schema through the same snapshot                                            -> export-data.ts
 *     data    one file each: read its units, compress, store, count, digest; in parallel           -> export-data.ts
 *     finish  write the schema files and, last, the manifest: now the set is complete              -> export-finish.ts
 *     single  instead of data and finish, when everything goes into one file                       -> export-finish.ts
 *     bare    instead of data, for files without a manifest: all of them or none                   -> export-bare.ts
 *     cleanup after a cancel: remove what was written                                              -> export-cleanup.ts
 *
 * A lost snapshot starts the data again under a new one, with a line in the log: a set never claims to be one view when it is not. With
 * consistency `table` the files of finished tables stay (export-restart.ts). With `estimate` the plan is all there is (export-estimate.ts).
 */
export function createExportHandler(environment: Environment, settings: ExportSettings): JobHandler {
  return {
    kind: 'export',
    run: (claimed, context) =>
      runTask(confirmedEnvironment(environment, context), settings, claimed, context),
    // What failed of files without a manifest is for `finish` to see, which removes the others and fails the job.
    onError: (taskKind: string, _error: ErrorRecord) =>
      taskKind === 'cleanup' || taskKind === 'bare' ? 'fail-task' : 'fail-job',
    keepOnRestart: keepExportedFiles,
    subject: exportSubject,
    groupFinished: (_job: Job, group, tasks) => (group.startsWith('data') ? tablesOfGroup(tasks) : []),
  };
}

export interface ExportSettings {
  /** Size at which a table of this database is cut into units, in bytes of the source. */
  readonly unitBytes: (database: string) => number;
}

async function runTask(
  environment: Environment,
  settings: ExportSettings,
  { task, job, claims }: ClaimedTask,
  context: TaskContext,
): Promise<TaskOutcome> {
  const request = job.request as ExportRequest;
  switch (task.kind) {
    case 'plan':
      return planExport(environment, settings, request, task.payload, context);
    case 'ddl':
      return readDdl(environment, request, task.payload as ExportDdlPayload, context);
    case 'data':
      return writeUnits(environment, request, task.payload as ExportDataPayload, task.group, claims, context);
    case 'bare':
      return writeBareFile(environment, request, task.payload as ExportDataPayload, claims, context);
    case 'finish':
      await endSource(environment, request, context);
      if ((job.plan as ExportPlan).layout.form === 'bare')
        return finishBareExport(environment, request, task.payload as ExportFinishPayload, claims, context);
      return finishExport(environment, request, task.payload as ExportFinishPayload, claims, context);
    case 'single':
      return writeSingleFile(environment, request, task.payload as ExportFinishPayload, claims, context);
    case 'cleanup':
      await endSource(environment, request, context);
      await cleanUpExport(environment, request, job, context);
      return { type: 'done', result: null, ...forgetHashKey(job.plan) };
    default:
      throw new Error(`An export has no task of kind ${task.kind}.`);
  }
}
