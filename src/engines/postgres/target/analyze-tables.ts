import type { TableName } from '../../../core/catalogue.ts';
import type { ApplyFailure } from '../../engine.ts';
import { classifyPostgresError } from '../classify.ts';
import { quoteQualified } from '../names.ts';
import type { ConnectionPool } from '../pool.ts';
import { ServerError } from '../wire/messages.ts';
import { inTransaction } from './receipts.ts';

/** Gathers the statistics of `tables`, on `lanes` connections; what cannot be analysed is reported. */
export async function analyzeTables(
  pool: ConnectionPool,
  lanes: number,
  tables: readonly TableName[],
  signal: AbortSignal,
): Promise<readonly ApplyFailure[]> {
  const failures: ApplyFailure[] = [];
  const queue = tables.values();
  const lane = (): Promise<void> =>
    pool.use(signal, async (connection) => {
      for (const table of queue) {
        try {
          await inTransaction(connection, signal, () =>
            connection.query(`ANALYZE ${quoteQualified(table)}`, signal),
          );
        } catch (error) {
          const reason = classifyPostgresError(error, 'analyze');
          if (!(error instanceof ServerError) || reason.temporary) throw reason;
          failures.push({ object: { type: 'TABLE', ...onlyName(table) }, message: reason.message });
        }
      }
    });
  await Promise.all(Array.from({ length: Math.min(lanes, tables.length) }, lane));
  return failures;
}

const onlyName = ({ schema, name }: TableName): TableName => ({ schema, name });
