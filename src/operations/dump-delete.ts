import type { DumpDeleteRequest } from '../core/request.ts';
import { masterName } from '../dump/layout.ts';
import { refuseForeignFiles } from '../dump/own-files.ts';
import { openDumpSet } from '../dump/read-set.ts';
import type { JobHandler, TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { ClaimedTask } from '../jobs/job-store.ts';
import { confirmedEnvironment } from './confirmed.ts';
import type { Environment } from './environment.ts';
import { logLine } from './log-lines.ts';
import type { DumpDeletePlan, DumpDeleteResult } from './plan-types.ts';

/**
 * The removal of a dump set, as a runbook.
 *
 *     plan     open the set and note the names of its files: once the manifest has gone, nobody could tell them
 *     remove   the file with the manifest first, so that no half set ever looks complete; then the others
 */
export function createDumpDeleteHandler(environment: Environment): JobHandler {
  return {
    kind: 'dump_delete',
    run: (claimed, context) => runTask(confirmedEnvironment(environment, context), claimed, context),
    onError: () => 'fail-job',
  };
}

async function runTask(
  environment: Environment,
  { task, job }: ClaimedTask,
  context: TaskContext,
): Promise<TaskOutcome> {
  const request = job.request as DumpDeleteRequest;
  switch (task.kind) {
    case 'plan':
      return planDelete(environment, request, context);
    case 'remove':
      return removeFiles(environment, request, context);
    case 'cleanup':
      return { type: 'done', result: null };
    default:
      throw new Error(`A removal of a dump set has no task of kind ${task.kind}.`);
  }
}

async function planDelete(
  environment: Environment,
  request: DumpDeleteRequest,
  context: TaskContext,
): Promise<TaskOutcome> {
  const storage = await environment.storage(request.location);
  const { manifest, layout } = await openDumpSet(storage, request.filePattern, context);
  refuseForeignFiles(manifest, layout);
  const master = masterName(layout);
  const files = [master, ...manifest.files.flatMap(({ name }) => (name === master ? [] : name))];
  const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  const plan: DumpDeletePlan = { kind: 'dump_delete', files, bytes };
  return {
    type: 'done',
    result: null,
    plan,
    spawn: [
      {
        key: 'remove',
        kind: 'remove',
        group: 'remove',
        waitsFor: [],
        payload: null,
        bytes,
        rows: 0,
        counted: true,
      },
    ],
    log: [
      logLine('plan', `Removing ${files.length} files of ${manifest.job.name}, ${bytes} bytes.`, {
        files: files.length,
        bytes,
      }),
    ],
  };
}

/** A place far away takes its time for each. */
const removedAtOnce = 16;

/** Removing what has gone is no error, so that a second attempt goes through all names again. */
async function removeFiles(
  environment: Environment,
  request: DumpDeleteRequest,
  context: TaskContext,
): Promise<TaskOutcome> {
  const storage = await environment.storage(request.location);
  const { files, bytes } = context.job.plan as DumpDeletePlan;
  const [master, ...others] = files;
  if (master !== undefined) await storage.remove(master, context);
  for (let at = 0; at < others.length; at += removedAtOnce) {
    const names = others.slice(at, at + removedAtOnce);
    await Promise.all(names.map((name) => storage.remove(name, context)));
    context.progress({ bytes: Math.floor((bytes * (at + names.length)) / files.length), rows: 0 });
  }
  const jobResult: DumpDeleteResult = { files: files.length, bytes };
  return {
    type: 'done',
    result: null,
    jobResult,
    done: { bytes, rows: 0 },
    log: [logLine('note', `Removed ${files.length} files, ${bytes} bytes, from ${storage.description}.`)],
  };
}
