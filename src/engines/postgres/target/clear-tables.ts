import { isOfDatabase, type TableName, tableKey } from '../../../core/catalogue.ts';
import type { Work } from '../../../core/context.ts';
import { AppError } from '../../../core/errors.ts';
import type { ToClear } from '../../engine.ts';
import { isLargeObjects } from '../large-objects.ts';
import { quoteQualified } from '../names.ts';
import type { Connection } from '../wire/connection.ts';
import { ServerError } from '../wire/messages.ts';
import { findDependents } from './dependents.ts';
import { emptyLargeObjects, noteFilled } from './large-objects.ts';
import { claimReceipt, inTransaction, raiseGeneration, removeReceipts, waitForUnits } from './receipts.ts';

/** dependent_objects_still_exist, and what TRUNCATE says of a table that a foreign key refers to. */
const inUseStates: readonly string[] = ['2BP01', '0A000'];

/** Tables of one transaction: each takes several of the server's locks (max_locks_per_transaction) until the commit. */
const tablesAtOnce = 200;

/** Which of the named tables exist, and which are partitioned. */
const kindsQuery = `
SELECT n.nspname, c.relname, c.relkind
FROM pg_catalog.jsonb_to_recordset($1::jsonb) AS w(schema text, name text)
JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
WHERE c.relkind IN ('r', 'p')`;

/** Partitions, at any depth, of named tables that are not named themselves: DROP would take them along without a word. */
const strayPartitionsQuery = `
WITH named AS (
  SELECT c.oid
  FROM pg_catalog.jsonb_to_recordset($1::jsonb) AS w(schema text, name text)
  JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema
  JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
  WHERE c.relkind = 'p'
)
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), tree.parentrelid::pg_catalog.regclass
FROM named, pg_catalog.pg_partition_tree(named.oid) tree
JOIN pg_catalog.pg_class c ON c.oid = tree.relid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT EXISTS (
  SELECT FROM pg_catalog.jsonb_to_recordset($1::jsonb) AS w(schema text, name text)
  WHERE w.schema = n.nspname AND w.name = c.relname)
ORDER BY 1 LIMIT 1`;

/** Those of the named tables that a foreign key leads to or from: they can only be emptied in one statement. */
const linkedQuery = `
SELECT w.schema, w.name
FROM pg_catalog.jsonb_to_recordset($1::jsonb) AS w(schema text, name text)
JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
WHERE EXISTS (
  SELECT FROM pg_catalog.pg_constraint k
  WHERE k.contype = 'f' AND k.conrelid <> k.confrelid AND c.oid IN (k.conrelid, k.confrelid))`;

/**
 * Empties and drops, with the receipt `key`, in one transaction; what is not there any more is left out. What becomes of large objects is
 * noted for their rows to come.
 */
export async function clearTables(
  connection: Connection,
  work: Work,
  key: string,
  things: readonly ToClear[],
  signal: AbortSignal,
): Promise<void> {
  await inTransaction(connection, signal, { work, key }, async () => {
    if ((await claimReceipt(connection, work, key, null, signal)) !== null) return;
    const tables = things.filter(({ type }) => type === undefined);
    const dropped = tables.filter(({ how }) => how === 'drop');
    const others = things.filter(({ type }) => type !== undefined);
    await waitForLocks(connection, signal);
    await sayWhoIsInTheWay(async () => {
      await truncate(
        connection,
        tables.filter(({ how }) => how === 'truncate'),
        signal,
      );
      await dropDependents(connection, dropped, others, signal);
      await drop(connection, dropped, signal);
    });
    const largeObjects = tables.find(isLargeObjects);
    if (largeObjects !== undefined) await noteFilled(connection, work, largeObjects.how, signal);
  });
}

/** Empties tables that this job made and removes the receipts of their units, batch by batch. Earlier tries of the job write nothing more. */
export async function undoUnits(
  connection: Connection,
  work: Work,
  tables: readonly (TableName & { readonly keys: readonly string[] })[],
  signal: AbortSignal,
): Promise<void> {
  const { jobId } = work;
  for (const some of await batches(connection, tables, signal)) {
    await inTransaction(connection, signal, { work, key: 'undo' }, async () => {
      await waitForLocks(connection, signal);
      if (some.some(isLargeObjects)) await waitForUnits(connection, signal);
      await raiseGeneration(connection, work, signal);
      await sayWhoIsInTheWay(() => truncate(connection, some, signal));
      const keys = some.flatMap((table) => table.keys);
      await emptyLargeObjects(connection, jobId, keys, signal);
      await removeReceipts(connection, jobId, keys, signal);
    });
  }
}

/** All that foreign keys link at once, however many they are; the others not too many at a time. */
async function batches<T extends TableName>(
  connection: Connection,
  tables: readonly T[],
  signal: AbortSignal,
): Promise<readonly (readonly T[])[]> {
  const rows = await connection.queryWith(linkedQuery, [namesOf(tables)], signal);
  const linked = new Set(
    rows.map(([schema, name]) => tableKey({ schema: schema as string, name: name as string })),
  );
  const { true: together = [], false: single = [] } = Object.groupBy(tables, (table) =>
    linked.has(tableKey(table)) ? 'true' : 'false',
  );
  const result: (readonly T[])[] = together.length === 0 ? [] : [together];
  for (let at = 0; at < single.length; at += tablesAtOnce) result.push(single.slice(at, at + tablesAtOnce));
  return result;
}

/** As long as it takes: who is in the way is watched for from outside. */
const waitForLocks = (connection: Connection, signal: AbortSignal) =>
  connection.query('SET LOCAL lock_timeout = 0', signal);

/** All in one statement, so that foreign keys between them do not matter. Children keep their rows, partitions of a named table do not. */
async function truncate(
  connection: Connection,
  tables: readonly TableName[],
  signal: AbortSignal,
): Promise<void> {
  const found = await findTables(connection, tables, signal);
  if (found.length === 0) return;
  const list = found.map((table) => `${table.partitioned ? '' : 'ONLY '}${quoteQualified(table)}`);
  await connection.query(`TRUNCATE ${list.join(', ')}`, signal);
}

/** Drops what is made from `tables` and was named, each before what it is made from; the rest is in the way of the tables. */
async function dropDependents(
  connection: Connection,
  tables: readonly TableName[],
  named: readonly ToClear[],
  signal: AbortSignal,
): Promise<void> {
  if (named.length === 0) return;
  const keyOf = ({ type, schema, name }: { type?: string; schema: string; name: string }): string =>
    JSON.stringify([type, schema, name]);
  const wanted = new Set(named.map(keyOf));
  for (const { object, drop } of (await findDependents(connection, tables, signal)).inOrder) {
    if (object !== null && wanted.has(keyOf(object))) await connection.query(`DROP ${drop} RESTRICT`, signal);
  }
}

async function drop(
  connection: Connection,
  tables: readonly TableName[],
  signal: AbortSignal,
): Promise<void> {
  const found = await findTables(connection, tables, signal);
  if (found.length === 0) return;
  const [stray] = await connection.queryWith(strayPartitionsQuery, [namesOf(tables)], signal);
  if (stray !== undefined) {
    throw new AppError('table-in-use', {
      message: `The table ${stray[1]} cannot be dropped: its partition ${stray[0]} is not among the tables to replace.`,
      operation: 'clear tables',
    });
  }
  await connection.query(`DROP TABLE ${found.map(quoteQualified).join(', ')} RESTRICT`, signal);
}

async function findTables(connection: Connection, tables: readonly TableName[], signal: AbortSignal) {
  // What is of the whole database is no table that one could empty.
  const real = tables.filter((table) => !isOfDatabase(table));
  if (real.length === 0) return [];
  const rows = await connection.queryWith(kindsQuery, [namesOf(real)], signal);
  return rows.map(([schema, name, kind]) => ({
    schema: schema as string,
    name: name as string,
    partitioned: kind === 'p',
  }));
}

const namesOf = (tables: readonly TableName[]): string =>
  JSON.stringify(tables.map(({ schema, name }) => ({ schema, name })));

/** The server's detail names the objects that refer to a table, and nothing of what is in it. */
async function sayWhoIsInTheWay(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ServerError) || !inUseStates.includes(error.sqlState)) throw error;
    const who = error.detail === null ? '' : `: ${error.detail.replaceAll('\n', '; ')}`;
    throw new AppError('table-in-use', {
      message: `${error.message}${who}`.replace(/[^.]$/, '$&.'),
      operation: 'clear tables',
      context: { sqlState: error.sqlState },
      cause: error,
    });
  }
}
