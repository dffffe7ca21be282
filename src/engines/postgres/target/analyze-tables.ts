import { type TableName, tableKey } from '../../../core/catalogue.ts';
import type { ApplyFailure, FinishedTable } from '../../engine.ts';
import { classifyPostgresError } from '../classify.ts';
import { quoteQualified } from '../names.ts';
import type { ConnectionPool } from '../pool.ts';
import type { Connection } from '../wire/connection.ts';
import { ServerError } from '../wire/messages.ts';
import { inTransaction } from './receipts.ts';

const unloggedQuery = `
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relpersistence = 'u' AND c.relkind = 'r'`;

/**
 * Gathers the statistics of `tables`, on `lanes` connections; what cannot be analysed is reported. Unlogged tables are counted:
 * a crash of the server empties them, and leaves the receipts of what was in them.
 */
export async function analyzeTables(
  pool: ConnectionPool,
  lanes: number,
  tables: readonly FinishedTable[],
  signal: AbortSignal,
): Promise<readonly ApplyFailure[]> {
  const failures: ApplyFailure[] = [];
  const rows = await pool.use(signal, (connection) => connection.query(unloggedQuery, signal));
  const unlogged = new Set(
    rows.map(([schema, name]) => tableKey({ schema: schema as string, name: name as string })),
  );
  const queue = tables.values();
  const lane = (): Promise<void> =>
    pool.use(signal, async (connection) => {
      for (const table of queue) {
        const report = (message: string) =>
          failures.push({ object: { type: 'TABLE', ...onlyName(table) }, message });
        try {
          await inTransaction(connection, signal, null, () =>
            connection.query(`ANALYZE ${quoteQualified(table)}`, signal),
          );
          if (!unlogged.has(tableKey(table)) || table.rows === undefined) continue;
          const count = await countRows(connection, table, signal);
          if (count === table.rows) continue;
          report(
            `It holds ${count} rows of the ${table.rows} that were written: the server was restarted after a crash, which empties unlogged tables. Import it again.`,
          );
        } catch (error) {
          const reason = classifyPostgresError(error, 'analyze');
          // Statistics are not worth a job that waits for others.
          const single = reason.code === 'database-locked' || !reason.temporary;
          if (!(error instanceof ServerError) || !single) throw reason;
          report(reason.message);
        }
      }
    });
  await Promise.all(Array.from({ length: Math.min(lanes, tables.length) }, lane));
  return failures;
}

async function countRows(connection: Connection, table: TableName, signal: AbortSignal): Promise<number> {
  const [row] = await connection.query(`SELECT count(*) FROM ONLY ${quoteQualified(table)}`, signal);
  return Number(row?.[0]);
}

const onlyName = ({ schema, name }: TableName): TableName => ({ schema, name });
