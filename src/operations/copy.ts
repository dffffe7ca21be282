import type { Job } from '../core/job.ts';
import type { CopyRequest } from '../core/request.ts';
import type { JobHandler, TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { ClaimedTask, TaskRecord } from '../jobs/job-store.ts';
import { confirmedEnvironment } from './confirmed.ts';
import { copiedTable, copyUnit } from './copy-data.ts';
import { finishCopy } from './copy-finish.ts';
import { planCopy } from './copy-plan.ts';
import { keepCopied } from './copy-restart.ts';
import { applyCopied, cleanUpCopy, targetOf } from './copy-target.ts';
import type { Environment } from './environment.ts';
import type { ExportSettings } from './export.ts';
import { endSource } from './export-source.ts';
import { forgetHashKey } from './hash-key.ts';
import { onApplyError } from './import.ts';
import { applyObjects, clearTarget, forgetReceipts } from './import-tasks.ts';
import type { ApplyPayload, ClearPayload, CopyDataPayload, CopyFinishPayload } from './plan-types.ts';
import { runBatch } from './run-batch.ts';
import { isBatch } from './task-batches.ts';
import { applySubject } from './task-subject.ts';

/**
 * The copy, as a runbook: from database to database in one job, without files.
 *
 *     plan     preflight of both sides, the source's snapshot, select, filter, read the definitions,
 *              remap, decide what becomes of what exists already, cut into units                   -> copy-plan.ts
 *     clear    empty and drop the tables that are written anew                                     -> import-tasks.ts
 *     prepare  the receipts' place and the objects that come before the data                       -> import-tasks.ts
 *     data     one unit each, in parallel: what the source sends goes straight to the target,
 *              rows and receipt in one transaction                                                 -> copy-data.ts
 *     index    as soon as a table's data is in: its indexes and keys                               -> copy-target.ts
 *     constraints, after                                                                           -> copy-target.ts
 *     finish   compare the rows in the target with those that were read, gather statistics         -> copy-finish.ts
 *     forget   remove the receipts                                                                 -> import-tasks.ts
 *     cleanup  after a cancel: the receipts go, what was made stays                                -> copy-target.ts
 *
 * Very many small tables share tasks, as in an import (task-batches.ts, run-batch.ts).
 * A lost snapshot starts the data again: the tables are emptied, with consistency `table` but those that were finished, and filled through a
 * new snapshot (copy-restart.ts). Once all data is in, nobody needs the snapshot any more.
 */
export function createCopyHandler(environment: Environment, settings: ExportSettings): JobHandler {
  const run: JobHandler['run'] = (claimed, context) =>
    runTask(confirmedEnvironment(environment, context), settings, claimed, context);
  const told = (task: TaskRecord) => (task.kind === 'data' ? copiedTable([task]) : []);
  return {
    kind: 'copy',
    run: (claimed, context) =>
      isBatch(claimed.task.kind)
        ? runBatch({ run, onError: onApplyError, told }, claimed, context)
        : run(claimed, context),
    onError: onApplyError,
    keepOnRestart: keepCopied,
    subject: applySubject,
    groupFinished: (_job: Job, group, tasks) => (group.startsWith('data:') ? copiedTable(tasks) : []),
  };
}

async function runTask(
  environment: Environment,
  settings: ExportSettings,
  { task, job }: ClaimedTask,
  context: TaskContext,
): Promise<TaskOutcome> {
  const request = job.request as CopyRequest;
  const target = targetOf(request);
  switch (task.kind) {
    case 'plan':
      return planCopy(environment, settings, request, context);
    case 'clear':
      return clearTarget(environment, target, task.key, task.payload as ClearPayload, context);
    case 'prepare':
      return applyObjects(environment, target, task.key, task.payload as ApplyPayload, context);
    case 'data':
      return copyUnit(environment, request, task.key, task.payload as CopyDataPayload, context);
    case 'index':
    case 'constraints':
    case 'after':
      return applyCopied(environment, target, task.kind, task.payload as ApplyPayload, context);
    case 'finish':
      await endSource(environment, request, context);
      return finishCopy(environment, request, task.payload as CopyFinishPayload, context);
    case 'forget':
      return forgetReceipts(environment, target, context);
    case 'cleanup':
      await endSource(environment, request, context);
      return { ...(await cleanUpCopy(environment, request, context)), ...forgetHashKey(job.plan) };
    default:
      throw new Error(`A copy has no task of kind ${task.kind}.`);
  }
}
