import type { DdlObject } from '../../../core/catalogue.ts';
import type { ApplyFailure, ApplyOutcome } from '../../engine.ts';
import { classifyPostgresError } from '../classify.ts';
import { quoteLiteral } from '../names.ts';
import { raiseMaintenanceMemory } from '../session-settings.ts';
import type { Connection } from '../wire/connection.ts';
import { ServerError } from '../wire/messages.ts';
import { claimReceipt, inTransaction, type Receipt, recordFailures } from './receipts.ts';

/**
 * Objects in one transaction. Each new table takes several of the server's locks (max_locks_per_transaction) until the
 * commit, and each object is a subtransaction.
 */
const objectsAtOnce = 200;
const savepoint = 'pumphouse_object';

/**
 * Runs the statements of `objects` with the receipt `key`. Very many objects are several transactions, each with a receipt of
 * its own under the key: a repetition goes on where the last one came to. An error that a retry may cure is thrown, any
 * other undoes its object alone.
 */
export async function applyObjects(
  connection: Connection,
  jobId: string,
  key: string,
  objects: readonly DdlObject[],
  signal: AbortSignal,
): Promise<ApplyOutcome> {
  const failures: ApplyFailure[] = [];
  let at = 0;
  for (; objects.length - at > objectsAtOnce; at += objectsAtOnce) {
    const some = objects.slice(at, at + objectsAtOnce);
    const receipt = await applyBatch(connection, jobId, `${key} ${at}`, some, [], signal);
    failures.push(...receipt.failures);
  }
  const last = await applyBatch(connection, jobId, key, objects.slice(at), failures, signal);
  return { alreadyApplied: last.alreadyApplied, failures: last.failures };
}

async function applyBatch(
  connection: Connection,
  jobId: string,
  key: string,
  objects: readonly DdlObject[],
  earlier: readonly ApplyFailure[],
  signal: AbortSignal,
): Promise<Pick<Receipt, 'failures'> & { alreadyApplied: boolean }> {
  return inTransaction(connection, signal, async () => {
    const receipt = await claimReceipt(connection, jobId, key, null, signal);
    if (receipt !== null) return { alreadyApplied: true, failures: receipt.failures };
    await connection.query(
      `SET LOCAL lock_timeout = 0; ${raiseMaintenanceMemory}; SAVEPOINT ${savepoint}`,
      signal,
    );
    const failures = [...earlier];
    for (const object of objects) {
      const message = await applyObject(connection, object, signal);
      if (message === null) continue;
      const { type, schema, name } = object;
      failures.push({ object: { type, schema, name }, message });
    }
    if (failures.length > 0) await recordFailures(connection, jobId, key, failures, signal);
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
  try {
    await connection.query(`${object.sql}\n; RELEASE SAVEPOINT ${savepoint}; SAVEPOINT ${savepoint}`, signal);
    return null;
  } catch (error) {
    if (!(error instanceof ServerError) || !connection.isIdle) throw error;
    const reason = classifyPostgresError(error, `create ${object.type} ${object.name}`);
    if (reason.temporary) throw reason;
    await connection.query(`ROLLBACK TO SAVEPOINT ${savepoint}`, signal);
    return error.detail === null ? reason.message : `${reason.message} ${error.detail}`;
  }
}

/** A schema that is there already will do: only what is in it can be in the way. */
async function schemaExists(connection: Connection, name: string, signal: AbortSignal): Promise<boolean> {
  const rows = await connection.query(
    `SELECT FROM pg_namespace WHERE nspname = ${quoteLiteral(name)}`,
    signal,
  );
  return rows.length > 0;
}
