import type { Finding } from '../../../core/catalogue.ts';
import type { OperationContext } from '../../../core/context.ts';
import { AppError } from '../../../core/errors.ts';
import type { Snapshot, SourceSession } from '../../engine.ts';
import { classifyPostgresError } from '../classify.ts';
import type { Connector } from '../connector.ts';
import { sessionFacts } from '../database-id.ts';
import { ConnectionPool } from '../pool.ts';
import { endEach, readingKey } from '../session-label.ts';
import { holdSnapshot } from './snapshot.ts';
import { sourcePreflight } from './source-preflight.ts';

/** Ends what processes have open here to read a job's snapshot, when nobody needs it any more: those that are frozen do not hear of it. */
export async function endReaders(connector: Connector, context: OperationContext): Promise<void> {
  const { work } = context;
  if (work === undefined) return;
  try {
    await using connection = await connector.open(context.signal);
    await endEach(connection, { work, key: readingKey }, context);
  } catch (error) {
    throw classifyPostgresError(error, 'end readers');
  }
}

/** As pg_export_snapshot spells them: hexadecimal parts with hyphens. */
const tokenPattern = /^[0-9A-F]+(?:-[0-9A-F]+)+$/;

/** Opens a database to read from, and makes sure at once that it lets us in. */
export async function openPostgresSource(
  connector: Connector,
  context: OperationContext,
): Promise<SourceSession> {
  const pool = new ConnectionPool(connector.open, 1);
  const guarded = async <T>(operation: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw classifyPostgresError(error, operation);
    }
  };
  const facts = await guarded('open database', () =>
    pool.use(context.signal, (connection) => sessionFacts(connection, context.signal)),
  );
  return {
    ...facts,
    preflight: (call): Promise<readonly Finding[]> =>
      guarded('preflight', () =>
        pool.use(call.signal, (connection) => sourcePreflight(connection, connector.open, call.signal)),
      ),
    begin: (lanes, call): Promise<Snapshot> =>
      guarded('take snapshot', () => holdSnapshot(connector, null, lanes, call)),
    join: (token, lanes, call): Promise<Snapshot> =>
      guarded('join snapshot', async () => {
        if (!tokenPattern.test(token)) {
          throw new AppError('snapshot-lost', { message: 'The token names no snapshot of PostgreSQL.' });
        }
        return holdSnapshot(connector, token, lanes, call);
      }),
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}
