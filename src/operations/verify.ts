import type { ErrorRecord } from '../core/errors.ts';
import type { VerifyRequest } from '../core/request.ts';
import { checkFiles, openDumpSet } from '../dump/read-set.ts';
import type { JobHandler, TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { ClaimedTask } from '../jobs/job-store.ts';
import type { Environment } from './environment.ts';
import { isOfThePlace } from './error-scope.ts';
import { errorLine, logLine } from './log-lines.ts';
import type { VerifyPayload, VerifyResult } from './plan-types.ts';
import { verifyDumpFile, verifyTasks } from './verify-file.ts';

/**
 * The verification of a dump set, as a runbook.
 *
 *     plan     open the set, compare every file's size with the manifest
 *     verify   every file against its digest, in parallel
 *     finish   the sum; files that failed are errors of the job
 */
export function createVerifyHandler(environment: Environment): JobHandler {
  return {
    kind: 'verify',
    run: (claimed, context) => runTask(environment, claimed, context),
    // One damaged file does not keep the others from being looked at; a storage that nobody can read says nothing about its files.
    onError: (taskKind: string, error: ErrorRecord) =>
      taskKind === 'verify' && !isOfThePlace(error) ? 'fail-task' : 'fail-job',
  };
}

async function runTask(
  environment: Environment,
  { task, job }: ClaimedTask,
  context: TaskContext,
): Promise<TaskOutcome> {
  const request = job.request as VerifyRequest;
  switch (task.kind) {
    case 'plan':
      return planVerify(environment, request, context);
    case 'verify':
      return verifyDumpFile(
        environment,
        { location: request.location, encryptionKey: null },
        task.payload as VerifyPayload,
        context,
      );
    case 'finish':
      return finishVerify(context);
    case 'cleanup':
      return { type: 'done', result: null };
    default:
      throw new Error(`A verification has no task of kind ${task.kind}.`);
  }
}

async function planVerify(
  environment: Environment,
  request: VerifyRequest,
  context: TaskContext,
): Promise<TaskOutcome> {
  const storage = await environment.storage(request.location);
  const { manifest } = await openDumpSet(storage, request.filePattern, context);
  await checkFiles(storage, manifest, context);
  const files = manifest.files.length;
  return {
    type: 'done',
    result: null,
    plan: { kind: 'verify', files },
    spawn: [
      ...verifyTasks(manifest, true),
      {
        key: 'finish',
        kind: 'finish',
        group: 'finish',
        waitsFor: ['verify'],
        payload: null,
        bytes: 0,
        rows: 0,
        counted: false,
      },
    ],
    log: [logLine('plan', `Verifying ${files} files of ${manifest.job.name}.`, { files })],
  };
}

async function finishVerify(context: TaskContext): Promise<TaskOutcome> {
  const tasks = await context.tasks('verify');
  const failed = tasks.filter(({ state }) => state === 'failed');
  const result: VerifyResult = {
    files: tasks.length,
    damaged: failed.map((task) => (task.payload as VerifyPayload).file.name),
  };
  return {
    type: 'done',
    result: null,
    jobResult: result,
    log:
      failed.length === 0
        ? [logLine('note', `All ${tasks.length} files match their digests.`)]
        : [
            errorLine(
              `${failed.length} of ${tasks.length} files are damaged: ${result.damaged.slice(0, 10).join(', ')}`,
              { code: 'dump-damaged' },
            ),
          ],
  };
}
