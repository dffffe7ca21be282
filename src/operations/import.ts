import { type AppError, type ErrorRecord, errorKindOf } from '../core/errors.ts';
import type { ImportRequest } from '../core/request.ts';
import type { JobHandler, TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { ClaimedTask, TaskRecord } from '../jobs/job-store.ts';
import type { Environment } from './environment.ts';
import { isOfThePlace } from './error-scope.ts';
import { finishImport } from './import-finish.ts';
import { planImport } from './import-plan.ts';
import {
  applyObjects,
  clearTarget,
  eraseTarget,
  forgetReceipts,
  prepareTarget,
  writeUnit,
} from './import-tasks.ts';
import { importedTable } from './log-lines.ts';
import type {
  ApplyPayload,
  ClearPayload,
  ImportDataPayload,
  ImportFinishPayload,
  VerifyPayload,
} from './plan-types.ts';
import { runBatch } from './run-batch.ts';
import { isBatch, unbatchedKind } from './task-batches.ts';
import { applySubject } from './task-subject.ts';
import { verifyDumpFile } from './verify-file.ts';

/**
 * The import, as a runbook: the mirror of the export.
 *
 *     plan     open the set, or examine own files whole; select, filter, remap, preflight, decide what becomes of
 *              what exists already                                                         -> import-plan.ts, target-plan.ts
 *     verify   what will be read against its digests, in parallel, before any writing      -> verify-file.ts
 *     erase    where that is asked for, remove all that the target holds                  -> import-tasks.ts
 *     clear    empty and drop the tables that are written anew                             -> import-tasks.ts
 *     prepare  the receipts' place and the objects that come before the data              -> import-tasks.ts
 *     data     one unit each, in parallel: rows and receipt in one transaction            -> import-tasks.ts
 *     index    as soon as a table's data is in: its indexes and keys                      -> import-tasks.ts
 *     constraints, after                                                                  -> import-tasks.ts
 *     finish   compare the rows in the target with the manifest, gather statistics        -> import-finish.ts
 *     forget   remove the receipts                                                        -> import-tasks.ts
 *
 * Very many small tables and checks share tasks, their work being what it is (task-batches.ts, run-batch.ts).
 * A unit's receipt is in the target, in the transaction of its rows: after any crash a unit is neither lost nor doubled.
 */
export function createImportHandler(environment: Environment): JobHandler {
  const run: JobHandler['run'] = (claimed, context) => runTask(environment, claimed, context);
  const told = (task: TaskRecord) => (task.kind === 'data' ? importedTable([task]) : []);
  return {
    kind: 'import',
    run: (claimed, context) =>
      isBatch(claimed.task.kind)
        ? runBatch({ run, onError: onApplyError, told }, claimed, context)
        : run(claimed, context),
    onError: onApplyError,
    subject: applySubject,
    groupFinished: (_job, group, tasks) => (group.startsWith('data:') ? importedTable(tasks) : []),
  };
}

/** One table or object that fails does not stop the others; a target that is gone does, and a storage that cannot be read. */
export function onApplyError(taskKind: string, error: ErrorRecord): 'fail-task' | 'fail-job' {
  if (taskKind === 'cleanup') return 'fail-task';
  const single = ['data', 'index', 'constraints', 'after'].includes(unbatchedKind(taskKind));
  const kind: AppError['kind'] = errorKindOf(error.code);
  const isOfAll =
    ['unavailable', 'timeout', 'internal', 'snapshot_lost'].includes(kind) ||
    error.code === 'receipts-missing' ||
    isOfThePlace(error);
  return single && !isOfAll ? 'fail-task' : 'fail-job';
}

async function runTask(
  environment: Environment,
  { task, job }: ClaimedTask,
  context: TaskContext,
): Promise<TaskOutcome> {
  const request = job.request as ImportRequest;
  switch (task.kind) {
    case 'plan':
      return planImport(environment, request, context);
    case 'verify':
      return verifyDumpFile(environment, request, task.payload as VerifyPayload, context);
    case 'clear':
      return clearTarget(environment, request, task.key, task.payload as ClearPayload, context);
    case 'erase':
      return eraseTarget(environment, request, task.key, context);
    case 'prepare':
      return prepareTarget(environment, request, task.payload as ApplyPayload, context);
    case 'data':
      return writeUnit(environment, request, task.key, task.payload as ImportDataPayload, context);
    case 'index':
    case 'constraints':
    case 'after':
      return applyObjects(environment, request, task.key, task.payload as ApplyPayload, context);
    case 'finish':
      return finishImport(environment, request, task.payload as ImportFinishPayload, context);
    case 'forget':
    case 'cleanup':
      return forgetReceipts(environment, request, context);
    default:
      throw new Error(`An import has no task of kind ${task.kind}.`);
  }
}
