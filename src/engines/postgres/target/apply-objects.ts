import type { DdlObject } from '../../../core/catalogue.ts';
import type { Work } from '../../../core/context.ts';
import { AppError } from '../../../core/errors.ts';
import { shownName } from '../../../core/shown-name.ts';
import type { ApplyFailure, ApplyOutcome } from '../../engine.ts';
import { classifyPostgresError } from '../classify.ts';
import { quoteLiteral, quoteQualified } from '../names.ts';
import { raiseMaintenanceMemory } from '../session-settings.ts';
import type { Connection } from '../wire/connection.ts';
import { ServerError } from '../wire/messages.ts';
import { claimReceipt, inTransaction, type Receipt, recordFailures } from './receipts.ts';
import { withoutRowValues } from './row-error.ts';
import { type MadeTablespace, makeTablespaces } from './tablespaces.ts';

/**
 * Objects in one transaction. Each new table takes several of the server's locks (max_locks_per_transaction) until the
 * commit, and each object is a subtransaction.
 */
const objectsAtOnce = 200;
/** Characters in one transaction: objects of very many statements, which large objects are, take a lock with each. */
const charactersAtOnce = 50_000;
/**
 * duplicate_table, and what two sessions get that make the same one at the same time: duplicate_object, of its row type, or
 * unique_violation, of a system catalogue.
 */
const takenStates: readonly string[] = ['42P07', '42710', '23505'];
const savepoint = 'pumphouse_object';
/** Of the advisory lock under which indexes of partitions are attached: "pumq" in ASCII. */
const attachLockNumber = 0x70756d71;

/**
 * Runs the statements of `objects` with the receipt `key`. Very many objects are several transactions, each with a receipt of
 * its own under the key: a repetition goes on where the last one came to. An error that a retry may cure is thrown, and that a table is
 * there by now (`object-exists`); any other undoes its object alone.
 */
export async function applyObjects(
  connection: Connection,
  work: Work,
  key: string,
  objects: readonly DdlObject[],
  signal: AbortSignal,
): Promise<ApplyOutcome> {
  const tablespaces = await makeTablespaces(connection, objects, signal);
  const apply = (some: readonly DdlObject[], part: string, earlier: readonly ApplyFailure[]) =>
    applyBatch(connection, work, part, some, tablespaces, earlier, signal);
  const failures: ApplyFailure[] = [];
  let at = 0;
  for (let end = batchEnd(objects, at); end < objects.length; at = end, end = batchEnd(objects, at)) {
    const some = objects.slice(at, end);
    const receipt = await apply(some, `${key} ${at}`, []);
    failures.push(...receipt.failures);
  }
  const last = await apply(objects.slice(at), key, failures);
  return { alreadyApplied: last.alreadyApplied, failures: last.failures };
}

/** Where the transaction ends that begins with the object at `start`. */
function batchEnd(objects: readonly DdlObject[], start: number): number {
  let end = start;
  let characters = 0;
  for (const { sql } of objects.slice(start, start + objectsAtOnce)) {
    characters += sql.length;
    if (end > start && characters > charactersAtOnce) break;
    end++;
  }
  return end;
}

async function applyBatch(
  connection: Connection,
  work: Work,
  key: string,
  objects: readonly DdlObject[],
  tablespaces: ReadonlyMap<DdlObject, MadeTablespace>,
  earlier: readonly ApplyFailure[],
  signal: AbortSignal,
): Promise<Pick<Receipt, 'failures'> & { alreadyApplied: boolean }> {
  return inTransaction(connection, signal, { work, key }, async () => {
    const receipt = await claimReceipt(connection, work, key, null, signal);
    if (receipt !== null) return { alreadyApplied: true, failures: receipt.failures };
    await connection.query(
      `SET LOCAL lock_timeout = 0; ${raiseMaintenanceMemory}; SAVEPOINT ${savepoint}`,
      signal,
    );
    const failures = [...earlier];
    for (const object of objects) {
      const made = tablespaces.get(object);
      const message = made?.failure ?? (await applyObject(connection, made?.rest ?? object, signal));
      if (message === null) continue;
      failures.push({ object: { type: object.type, ...shownName(object) }, message });
    }
    if (failures.length > 0) await recordFailures(connection, work.jobId, key, failures, signal);
    return { alreadyApplied: false, failures };
  });
}

/**
 * Null when all went well, else what the server said. The savepoint is set before and after: a message of several statements
 * is parsed as a whole, so that one with a syntax error could not set its own.
 */
async function applyObject(
  connection: Connection,
  object: DdlObject,
  signal: AbortSignal,
): Promise<string | null> {
  if (object.type === 'SCHEMA' && (await schemaExists(connection, object.name, signal))) return null;
  // Transactions that attach to one tree of indexes at the same time may each miss that the other completes it, and leave its root invalid.
  if (object.type === 'INDEX ATTACH') {
    await connection.query(`SELECT pg_advisory_xact_lock(${attachLockNumber})`, signal);
  }
  try {
    await connection.query(`${object.sql}\n; RELEASE SAVEPOINT ${savepoint}; SAVEPOINT ${savepoint}`, signal);
    return null;
  } catch (error) {
    if (!(error instanceof ServerError) || !connection.isIdle) throw error;
    const told = withoutRowValues(error);
    const reason = classifyPostgresError(told, `create ${object.type} ${object.name}`);
    if (reason.temporary) throw reason;
    if (object.type === 'TABLE' && takenStates.includes(told.sqlState)) throw madeMeanwhile(object, told);
    await connection.query(`ROLLBACK TO SAVEPOINT ${savepoint}`, signal);
    return told.detail === null ? reason.message : `${reason.message} ${told.detail}`;
  }
}

/** None was there when the job was planned: another job, or somebody, writes here. Its rows and those of this job must not mix. */
const madeMeanwhile = ({ schema, name }: DdlObject, cause: ServerError): AppError =>
  new AppError('object-exists', {
    message: `The table ${quoteQualified({ schema: schema ?? '', name })} was made by somebody else after this job had begun.`,
    hint: 'See whether another job writes to this database (pumphouse jobs list). Cancel this job, and start it again with table_exists_action or another schema.',
    operation: 'create tables',
    cause,
  });

/** A schema that is there already will do: only what is in it can be in the way. */
async function schemaExists(connection: Connection, name: string, signal: AbortSignal): Promise<boolean> {
  const rows = await connection.query(
    `SELECT FROM pg_namespace WHERE nspname = ${quoteLiteral(name)}`,
    signal,
  );
  return rows.length > 0;
}
