import { tableKey } from '../core/catalogue.ts';
import { toAppError } from '../core/errors.ts';
import { compileObjectFilters } from '../core/object-filter.ts';
import type { ImportRequest } from '../core/request.ts';
import { readFrame } from '../dump/read-frame.ts';
import type { ApplyFailure, TargetSession, WriteUnit } from '../engines/engine.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import { confirmedAfterPauses } from './confirmed.ts';
import { countReads } from './counting-storage.ts';
import { codingOf } from './dump-cipher.ts';
import type { Environment } from './environment.ts';
import { sharedTarget, type TargetUse } from './import-target.ts';
import { errorLine, logLine } from './log-lines.ts';
import { sourceStorage } from './own-file-storage.ts';
import type { ApplyPayload, ClearPayload, ImportDataPayload, ImportPlan, ReadResult } from './plan-types.ts';

/** Makes the place for receipts, then everything that comes before the data. */
export async function prepareTarget(
  environment: Environment,
  request: TargetUse,
  payload: ApplyPayload,
  context: TaskContext,
): Promise<TaskOutcome> {
  return applyObjects(environment, request, 'prepare', payload, context);
}

/** Empties and drops the tables that exist and are written anew, with a receipt. */
export async function clearTarget(
  environment: Environment,
  request: TargetUse,
  key: string,
  { tables }: ClearPayload,
  context: TaskContext,
): Promise<TaskOutcome> {
  const target = await readyTarget(environment, request, context);
  if (target.clearTables === undefined) throw new Error('The engine cannot clear tables.');
  try {
    await target.clearTables(key, tables, context);
  } catch (error) {
    // Nothing has been written so far: the target is left without a trace.
    if (toAppError(error).code === 'table-in-use') await target.forget(context.job.id, context);
    throw error;
  }
  return { type: 'done', result: null };
}

/** Removes all that the target holds, with a receipt. */
export async function eraseTarget(
  environment: Environment,
  request: TargetUse,
  key: string,
  context: TaskContext,
): Promise<TaskOutcome> {
  const target = await readyTarget(environment, request, context);
  if (target.eraseAll === undefined) throw new Error('The engine cannot erase a database.');
  await target.eraseAll(key, context);
  return {
    type: 'done',
    result: null,
    log: [logLine('note', `Everything that database ${request.database} held was removed.`)],
  };
}

/** Removes the receipts, after all that needs them, or after a cancel. */
export async function forgetReceipts(
  environment: Environment,
  request: TargetUse,
  context: TaskContext,
): Promise<TaskOutcome> {
  const target = await sharedTarget(environment, request, context);
  await target.forget(context.job.id, context);
  return { type: 'done', result: null };
}

/** Runs a list of objects with its receipt; single objects may fail. */
export async function applyObjects(
  environment: Environment,
  request: TargetUse,
  key: string,
  payload: ApplyPayload,
  context: TaskContext,
): Promise<TaskOutcome> {
  if (payload.objects.length === 0 && key !== 'prepare') return { type: 'done', result: null };
  const target = await readyTarget(environment, request, context);
  const { failures } = await target.apply(key, payload.objects, context);
  return { type: 'done', result: null, errors: failures.length, log: failures.map(failureLine) };
}

/** One unit: decompressed, checked and written in one transaction with its receipt. */
export async function writeUnit(
  environment: Environment,
  request: ImportRequest,
  key: string,
  payload: ImportDataPayload,
  context: TaskContext,
): Promise<TaskOutcome> {
  const storage = countReads(await sourceStorage(environment, request));
  const target = await readyTarget(environment, request, context);
  const { schema, name, columns, encoding, wholeTable, unit, compression, existingRows, keyPrefixes } =
    payload;
  const table = { schema, name };
  const { encryption } = context.job.plan as ImportPlan;
  const { encryptionKey } = request;
  const coding = await codingOf(environment, { compression, encryptionKey, encryption });
  const frame = readFrame(storage, unit, coding, `table ${tableKey(table)}`, context);
  const bytes = counted(confirmedAfterPauses(frame, context), (done) =>
    context.progress({ bytes: done, rows: 0 }),
  );
  const write: WriteUnit = {
    key,
    table,
    columns,
    encoding,
    variant: unit.variant,
    rows: unit.rows,
    wholeTable,
    ...(existingRows === undefined ? {} : { existingRows }),
    ...(keyPrefixes === undefined ? {} : { keyPrefixes }),
    ...(await objectTest(request)),
  };
  const { rows } = await target.write(write, bytes, context);
  const result: ReadResult = { bytesRead: storage.bytesRead() };
  return { type: 'done', result, done: { bytes: unit.rawBytes, rows } };
}

/** What the request says of objects that come within the rows' stream, as it does of those with a definition of their own. */
async function objectTest({
  content,
  include,
  exclude,
}: ImportRequest): Promise<Pick<WriteUnit, 'wantsObject'>> {
  if (content === 'data_only') return { wantsObject: () => false };
  const filters = await compileObjectFilters(include, exclude);
  if (filters.isEmpty) return {};
  const plain = { section: 'pre', schema: null, table: null, owner: null, sql: '' } as const;
  return { wantsObject: (object) => filters.objects([{ ...plain, ...object }]).length > 0 };
}

/** Sessions with the place for receipts made, or being made. */
const begun = new WeakMap<TargetSession, { readonly made: Promise<void>; isMade: boolean }>();

/** The shared target; a process that comes later finds the receipts that an earlier one made. */
export async function readyTarget(
  environment: Environment,
  request: TargetUse,
  context: TaskContext,
): Promise<TargetSession> {
  const target = await sharedTarget(environment, request, context);
  const known = begun.get(target);
  if (known?.isMade === true) return target;
  // A process that was frozen, and wakes when the job is over, must not make the place for receipts again: nothing would keep it from writing then.
  await context.confirm();
  const beginning = begun.get(target) ?? {
    made: target.begin(context.job.id, request.threads, context),
    isMade: false,
  };
  begun.set(target, beginning);
  try {
    await beginning.made;
  } catch (error) {
    begun.delete(target);
    throw error;
  }
  beginning.isMade = true;
  // It may have been frozen in between.
  await context.confirm();
  return target;
}

/** The bytes, with their number so far told. */
export async function* counted(
  bytes: AsyncIterable<Uint8Array>,
  report: (done: number) => void,
): AsyncIterable<Uint8Array> {
  let done = 0;
  for await (const chunk of bytes) {
    done += chunk.byteLength;
    report(done);
    yield chunk;
  }
}

export const failureLine = ({ object, message }: ApplyFailure) => {
  const name = object.schema === null ? object.name : `${object.schema}.${object.name}`;
  return errorLine(`${object.type} ${name} failed: ${message}`, {
    code: 'database-statement',
    object: name,
    type: object.type,
  });
};
