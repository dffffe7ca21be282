import type { DumpCopyRequest } from '../core/request.ts';
import { copyDumpFile, type FileToCopy } from '../dump/copy-file.ts';
import { findExistingFile } from '../dump/existing.ts';
import { sectionsOf } from '../dump/file-sections.ts';
import { masterName } from '../dump/layout.ts';
import { ownPrefixes, refuseForeignFiles } from '../dump/own-files.ts';
import { checkFiles, openDumpSet } from '../dump/read-set.ts';
import type { JobHandler, TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { ClaimedTask, TaskSpec } from '../jobs/job-store.ts';
import { confirmedEnvironment } from './confirmed.ts';
import type { Environment } from './environment.ts';
import { refuseExistingFile } from './existing-file.ts';
import { metOthers } from './export-cleanup.ts';
import { logLine } from './log-lines.ts';
import type { DumpCopyPlan, DumpCopyResult, DumpFilePayload } from './plan-types.ts';

/**
 * The copy of a dump set from one place to another, as a runbook. Bytes stay as they are: encrypted sets need no key.
 *
 *     plan     open the set, compare every file's size with the manifest; the other place is free
 *     file     each file, in parallel, against its digest while it passes
 *     master   the file with the manifest, last: before it there is no set at the other place
 *
 * A cancelled copy removes what it has written.
 */
export function createDumpCopyHandler(environment: Environment): JobHandler {
  return {
    kind: 'dump_copy',
    run: (claimed, context) => runTask(confirmedEnvironment(environment, context), claimed, context),
    onError: () => 'fail-job',
    subject: ({ kind, payload }) =>
      kind === 'file' || kind === 'master' ? `file ${(payload as DumpFilePayload).file.name}` : null,
  };
}

async function runTask(
  environment: Environment,
  { task, job, claims }: ClaimedTask,
  context: TaskContext,
): Promise<TaskOutcome> {
  const request = job.request as DumpCopyRequest;
  switch (task.kind) {
    case 'plan':
      return planCopy(environment, request, context);
    case 'file':
      return copyFile(environment, request, task.payload as DumpFilePayload, claims, context);
    case 'master':
      return copyMaster(environment, request, task.payload as DumpFilePayload, claims, context);
    case 'cleanup':
      return removeCopied(environment, request, context);
    default:
      throw new Error(`A copy of a dump set has no task of kind ${task.kind}.`);
  }
}

async function planCopy(
  environment: Environment,
  request: DumpCopyRequest,
  context: TaskContext,
): Promise<TaskOutcome> {
  const storage = await environment.storage(request.location);
  const target = await environment.storage(request.to);
  const { manifest, layout } = await openDumpSet(storage, request.filePattern, context);
  refuseForeignFiles(manifest, layout);
  await checkFiles(storage, manifest, context);
  const files = manifest.files.length;
  const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  // Once there is a plan, what lies there is of this job.
  if (context.job.plan === null) refuseExistingFile(await findExistingFile(target, layout, context), target);
  const master = masterName(layout);
  const others = manifest.files.filter(({ name }) => name !== master).map(({ name }) => name);
  const names = [...others, master];
  const plan: DumpCopyPlan = { kind: 'dump_copy', files: names, prefixes: ownPrefixes(layout) ?? names };
  const toCopy: FileToCopy[] = [];
  for (const file of manifest.files) {
    const { name } = file;
    toCopy.push({ name, bytes: file.bytes, sections: await sectionsOf(storage, file, context) });
  }
  return {
    type: 'done',
    result: null,
    plan,
    spawn: copyTasks(toCopy, master),
    log: [
      logLine(
        'plan',
        `Copying ${files} files of ${manifest.job.name}, ${bytes} bytes, to ${target.description}.`,
        {
          files,
          bytes,
        },
      ),
    ],
  };
}

function copyTasks(files: readonly FileToCopy[], master: string): readonly TaskSpec[] {
  return files.map((file): TaskSpec => {
    const isMaster = file.name === master;
    const kind = isMaster ? 'master' : 'file';
    const payload: DumpFilePayload = { file };
    return {
      key: `${kind}/${file.name}`,
      kind,
      group: kind,
      waitsFor: isMaster && files.length > 1 ? ['file'] : [],
      payload,
      bytes: file.bytes,
      rows: 0,
      counted: true,
    };
  });
}

async function copyFile(
  environment: Environment,
  { location, to }: DumpCopyRequest,
  { file }: DumpFilePayload,
  claims: number,
  context: TaskContext,
): Promise<TaskOutcome> {
  const [source, target] = [await environment.storage(location), await environment.storage(to)];
  const onProgress = (bytes: number) => context.progress({ bytes, rows: 0 });
  // The plan found the name free; a later run may meet what an earlier one of this very task left.
  const ifExists = claims > 1 ? 'replace' : 'fail';
  await copyDumpFile(source, target, file, { ifExists, onProgress }, context);
  return { type: 'done', result: null, done: { bytes: file.bytes, rows: 0 } };
}

async function copyMaster(
  environment: Environment,
  request: DumpCopyRequest,
  payload: DumpFilePayload,
  claims: number,
  context: TaskContext,
): Promise<TaskOutcome> {
  const target = await environment.storage(request.to);
  const { files, prefixes } = context.job.plan as DumpCopyPlan;
  // A set that has a manifest has no remains of killed processes beside it.
  for (const prefix of prefixes) await target.sweep(prefix, context);
  const outcome = await copyFile(environment, request, payload, claims, context);
  const tasks = await context.tasks('file');
  const bytes = [...tasks.map((task) => task.payload as DumpFilePayload), payload].reduce(
    (sum, { file }) => sum + file.bytes,
    0,
  );
  const jobResult: DumpCopyResult = { files: files.length, bytes };
  return {
    ...outcome,
    type: 'done',
    result: null,
    jobResult,
    log: [
      logLine('note', `The dump set is at ${target.description}: ${files.length} files, ${bytes} bytes.`),
    ],
  };
}

/** The master first, so that no half set ever looks complete. */
async function removeCopied(
  environment: Environment,
  { to }: DumpCopyRequest,
  context: TaskContext,
): Promise<TaskOutcome> {
  if (context.job.plan !== null) {
    const target = await environment.storage(to);
    const { files, prefixes } = context.job.plan as DumpCopyPlan;
    const tasks = await context.tasks();
    const done = tasks.filter(({ kind, state }) => kind === 'file' && state === 'done');
    // Where a service elsewhere writes to the same names, only what was finished is ours for sure.
    const own = metOthers(tasks) ? done.map(({ payload }) => (payload as DumpFilePayload).file.name) : files;
    for (const name of [...own].reverse()) await target.remove(name, context);
    for (const prefix of prefixes) await target.sweep(prefix, context);
  }
  return { type: 'done', result: null };
}
