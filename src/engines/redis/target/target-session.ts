import { abortError } from '../../../core/abort-error.ts';
import type { DdlObject } from '../../../core/catalogue.ts';
import type { OperationContext } from '../../../core/context.ts';
import { AppError } from '../../../core/errors.ts';
import type { ApplyOutcome, TargetSession } from '../../engine.ts';
import { classifyRedisError } from '../classify.ts';
import type { RedisTarget } from '../database-url.ts';
import { applyFunctions } from './apply-functions.ts';
import { beginJob } from './begin-job.ts';
import { capacityOf } from './capacity.ts';
import { eraseEverything, flushDatabases, removeOwnKeys } from './clear.ts';
import { compareKeys } from './compare-keys.ts';
import { describeKeyTables, writableDatabase } from './existing-keys.ts';
import { isLibrary, libraryNames } from './functions.ts';
import { openMasters } from './masters.ts';
import type { PartPlace } from './part-value.ts';
import { targetFindings } from './preflight-target.ts';
import { openReceipts, partField, receiptDatabase, unitReceipts } from './receipts.ts';
import type { TargetState } from './target-state.ts';
import { writeUnit } from './write-unit.ts';

/** Opens a server or a cluster for writing. */
export async function openRedisTarget(
  target: RedisTarget,
  context: OperationContext,
): Promise<TargetSession> {
  const masters = await openMasters(target, context.signal);
  let state: TargetState | null = null;
  /** After an error it may be that others are the masters now. */
  let isDoubtful = false;

  const attempt = async <T>(
    operation: string,
    { signal }: OperationContext,
    work: () => Promise<T>,
  ): Promise<T> => {
    try {
      if (isDoubtful) await masters.refresh(signal);
      isDoubtful = false;
      return await work();
    } catch (error) {
      if (signal.aborted) throw abortError(signal);
      const classified = classifyRedisError(error, operation);
      isDoubtful ||= classified.temporary;
      throw classified;
    }
  };
  const begun = (): TargetState => {
    if (state === null)
      throw new AppError('internal', { message: 'The import has not begun in its target.' });
    return state;
  };

  return {
    serverVersion: masters.facts.version,
    preflight: (context) =>
      attempt('look at the target', context, () => targetFindings(target, masters, context.signal)),
    findExisting: (objects, context) =>
      attempt('look at the target', context, async () => {
        const names = objects.some(isLibrary) ? await libraryNames(masters, context.signal) : new Set();
        return objects.filter((object: DdlObject) => isLibrary(object) && names.has(object.name));
      }),
    describeTables: (tables, context) =>
      attempt('look at the target', context, () =>
        describeKeyTables(masters, target.database, tables, context.signal),
      ),
    clearTables: (key, things, context) =>
      attempt('empty logical databases', context, () => {
        const databases = things.flatMap(({ type, schema }) =>
          type === undefined ? writableDatabase(schema, target.database) : [],
        );
        return flushDatabases(begun(), key, [...new Set(databases)], context.signal);
      }),
    capacity: (context) =>
      attempt('look at the target', context, () => capacityOf(target, masters, context.signal)),
    eraseAll: (key, context) =>
      attempt('erase', context, () => eraseEverything(begun(), key, target.database, context)),
    begin: (jobId, _lanes, context) =>
      attempt('begin the import', context, async () => {
        state = await beginJob(masters, jobId, context.signal);
      }),
    apply: (key, objects, context): Promise<ApplyOutcome> =>
      attempt('load functions', context, () => applyFunctions(begun(), key, objects, context.signal)),
    write: (unit, bytes, context) =>
      attempt('write unit', context, () =>
        writeUnit(begun(), writableDatabase(unit.table.schema, target.database), unit, bytes, context),
      ),
    receipts: (context) =>
      attempt('read receipts', context, async () => {
        const units = unitReceipts(await begun().receipts.all(context.signal));
        return new Map(
          [...units].flatMap(([key, { isDone, rows }]) => (isDone ? [[key, rows] as const] : [])),
        );
      }),
    finish: (tables, context) =>
      attempt('compare keys', context, () => compareKeys(begun(), tables, target.compare, context)),
    forget: (jobId, context) =>
      attempt('remove receipts', context, async () => {
        const { signal } = context;
        const receipts = openReceipts(masters, jobId);
        const fields = await receipts.all(signal);
        const parts = [...fields].flatMap(([name, value]) => (name.startsWith(partField('')) ? [value] : []));
        const places = parts.map((value) => JSON.parse(value) as PartPlace);
        const keys = places.map(({ database, key }) => ({ database, key: Buffer.from(key, 'base64') }));
        await removeOwnKeys({ masters }, [...keys, { database: receiptDatabase, key: receipts.key }], signal);
      }),
    [Symbol.asyncDispose]: () => masters[Symbol.asyncDispose](),
  };
}
