import type { DdlObject } from '../core/catalogue.ts';
import { AppError, type ErrorRecord, toAppError } from '../core/errors.ts';
import type { NewJobLogEntry } from '../core/job.ts';
import type { ExportRequest } from '../core/request.ts';
import { writeDataFile } from '../dump/data-file.ts';
import { checkFiles } from '../dump/read-set.ts';
import type { Unit } from '../engines/engine.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { TaskRecord } from '../jobs/job-store.ts';
import type { Storage } from '../storages/storage.ts';
import type { Environment } from './environment.ts';
import { othersFiles, removeDumpFiles, removeWritten, sweepDumpFiles } from './export-cleanup.ts';
import { withSource } from './export-source.ts';
import { forgetHashKey, withHashKey } from './hash-key.ts';
import { logLine, tablesOfGroup } from './log-lines.ts';
import type {
  ExportDataPayload,
  ExportDataResult,
  ExportDdlResult,
  ExportFinishPayload,
  ExportPlan,
  ExportResult,
} from './plan-types.ts';
import { displayName, warnLine } from './target-lines.ts';

/**
 * Files of the engine's own format, without a manifest that could say what of them is whole: all are written, or none is left. A file that fails
 * fails its task alone, so that `finish` comes, sees it, removes the others and fails the job. When that is resumed, the data starts again.
 */

/**
 * Removes the files of an earlier plan of the job: whatever becomes of the next one, some of them without the others may not stay.
 * @param payload of the task that makes the next one
 */
export async function removeEarlierBare(
  environment: Environment,
  request: ExportRequest,
  payload: unknown,
  context: TaskContext,
): Promise<void> {
  const plan = context.job.plan as ExportPlan | null;
  if (plan?.layout.form !== 'bare') return;
  const storage = await environment.storage(request.location);
  await removeDumpFiles(storage, plan, othersFiles(plan, request, payload), context);
}

/** Whoever asked for files may not take none for success. Throws `selection-empty`. */
export function refuseNoFiles({ database }: ExportRequest, units: readonly Unit[]): void {
  if (units.length > 0) return;
  throw new AppError('selection-empty', {
    field: 'mode',
    message: `Of what was selected in database ${database}, nothing has rows that files without a manifest could hold.`,
    hint: 'Select something with rows, or use a file_pattern without %I and %N.',
  });
}

/** One file with all of its units. Where another one has failed already, nothing is written any more. */
export async function writeBareFile(
  environment: Environment,
  request: ExportRequest,
  payload: ExportDataPayload,
  claims: number,
  context: TaskContext,
): Promise<TaskOutcome> {
  const others = await context.tasks('bare');
  if (others.some(({ state }) => state === 'failed')) return { type: 'done', result: nothing };
  const storage = await environment.storage(request.location);
  const written = await withSource(environment, request, context, ({ snapshot }) =>
    writeDataFile(
      storage,
      payload.file,
      payload.units.map((unit) => ({
        id: unit.id,
        open: (io) => snapshot.read(withHashKey(unit, context.job.plan), request.encoding, io),
      })),
      {
        // The plan found the name free; a later run may meet what an earlier one of this very task left.
        ifExists: claims > 1 || context.job.restarts > 0 ? 'replace' : 'fail',
        coding: { compression: request.compression, cipher: null },
        expectedBytes: payload.bytes,
        onProgress: (bytes) => context.progress({ bytes, rows: 0 }),
      },
      context,
    ),
  );
  const result: ExportDataResult = { written, failed: [] };
  return { type: 'done', result, done: figuresOf([result]) };
}

const nothing: ExportDataResult = { written: null, failed: [] };

/** Looks whether every file is there. When one is not, none is to be. */
export async function finishBareExport(
  environment: Environment,
  request: ExportRequest,
  { tables }: ExportFinishPayload,
  claims: number,
  context: TaskContext,
): Promise<TaskOutcome> {
  const storage = await environment.storage(request.location);
  const plan = context.job.plan as ExportPlan;
  const tasks = await context.tasks('bare');
  const failure = tasks.find(({ state }) => state === 'failed')?.error;
  if (failure != null) {
    await removeWritten(storage, plan, request, context);
    throw finalError(failure);
  }
  const results = tasks.map(({ result }) => result as ExportDataResult);
  const files = results.flatMap(({ written }) => written?.file ?? []);
  await sweepDumpFiles(storage, plan, context);
  const fault = files.length < tasks.length ? removedFault() : await faultOf(storage, files, context);
  if (fault !== null) {
    // A run before this one has failed, and took its files along.
    if (claims > 1 || tasks.some(({ error }) => error !== null))
      return { type: 'restart', reason: fault.message };
    await removeWritten(storage, plan, request, context);
    throw fault;
  }
  const result: ExportResult = {
    files: storage.keeps ? files.map(({ name, bytes }) => ({ name, bytes })) : [],
    tables: tables.length,
    ...figuresOf(results),
    failedTables: [],
  };
  const [ddl] = await context.tasks('ddl');
  return {
    type: 'done',
    result: null,
    ...forgetHashKey(plan),
    jobResult: result,
    log: [
      ...splitTables(tasks),
      ...leftOut(((ddl?.result ?? null) as ExportDdlResult | null)?.objects ?? []),
      filesLine(
        storage,
        request,
        files.map(({ name }) => name),
      ),
    ],
  };
}

const removedFault = (): AppError =>
  new AppError('file-missing', { message: 'The files of a run that failed were removed.' });

/** What is wrong with the files; null: nothing. A storage that fails says nothing about them, and is thrown. */
async function faultOf(
  storage: Storage,
  files: Parameters<typeof checkFiles>[1]['files'],
  context: TaskContext,
): Promise<AppError | null> {
  if (!storage.keeps) return null;
  try {
    await checkFiles(storage, { files }, context);
    return null;
  } catch (error) {
    const known = toAppError(error);
    if (known.kind === 'not_found' || known.kind === 'corrupt') return known;
    throw error;
  }
}

/** The error of a task that was tried often enough. */
const finalError = ({ code, message, hint, field }: ErrorRecord): AppError =>
  new AppError(code, { message, hint, temporary: false, ...(field === undefined ? {} : { field }) });

const figuresOf = (results: readonly ExportDataResult[]) => {
  const units = results.flatMap(({ written }) => written?.units ?? []);
  return {
    bytes: units.reduce((sum, { rawBytes }) => sum + rawBytes, 0),
    rows: units.reduce((sum, { rows }) => sum + rows, 0),
  };
};

/** Lines of the tables whose units went to files of several groups, which no line tells of yet. */
function splitTables(tasks: readonly TaskRecord[]): readonly NewJobLogEntry[] {
  const groups = [...Map.groupBy(tasks, ({ group }) => group).values()];
  const told = new Set(groups.flatMap(tablesOfGroup).map(({ message }) => message));
  return tablesOfGroup(tasks).filter(({ message }) => !told.has(message));
}

/** Objects that lines name, one by one. */
const listed = 20;

/** What was asked for, and has no place in files of rows. */
function leftOut(objects: readonly DdlObject[]): readonly NewJobLogEntry[] {
  if (objects.length === 0) return [];
  const names = objects
    .slice(0, listed)
    .map((object) => `${object.type.toLowerCase()} ${displayName(object)}`);
  const more = objects.length - names.length;
  return [
    warnLine(
      `The files hold rows alone; left out of them: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}. A dump set would have them.`,
    ),
  ];
}

const filesLine = (
  storage: Storage,
  { encoding }: ExportRequest,
  names: readonly string[],
): NewJobLogEntry =>
  storage.keeps
    ? logLine(
        'files',
        `Wrote ${names.length} files of the format ${encoding}, the last is ${names.at(-1)}.`,
        {
          files: names.slice(-99),
        },
      )
    : logLine('files', `Nothing was kept: ${storage.description} threw ${names.length} files away.`, {
        files: [],
      });
