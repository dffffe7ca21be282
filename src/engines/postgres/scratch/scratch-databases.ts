import { abortError } from '../../../core/abort-error.ts';
import { AppError } from '../../../core/errors.ts';
import type { EngineTarget, ScratchDatabases } from '../../engine.ts';
import { classifyPostgresError } from '../classify.ts';
import type { PostgresTarget } from '../database-url.ts';
import { quoteIdentifier } from '../names.ts';
import { makeDatabase } from './make-database.ts';
import { type Connect, openElsewhere } from './open-elsewhere.ts';
import { swapDatabases } from './swap-databases.ts';

/** Databases beside a registered one, on the same server. */
export function createScratchDatabases(connect: Connect): ScratchDatabases {
  const beside = (target: PostgresTarget, database: string): EngineTarget => ({
    ...target,
    database,
    beside: target.beside ?? target.database,
  });
  const guarded = async <T>(operation: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw classifyPostgresError(signal.aborted ? abortError(signal) : error, operation);
    }
  };
  return {
    make: (like, name, { signal }) =>
      guarded('make database', signal, async () => {
        const target = like as unknown as PostgresTarget;
        await using connection = await connect(target).open(signal);
        await makeDatabase(connection, name, signal);
        return beside(target, name);
      }),
    drop: (scratch, { signal }) =>
      guarded('drop database', signal, async () => {
        const target = scratch as unknown as PostgresTarget;
        if (target.beside === undefined) {
          throw new AppError('internal', { message: `The database ${target.database} is not ours to drop.` });
        }
        await using connection = await openElsewhere(connect, target, [target.database], signal);
        await connection.query('SET statement_timeout = 0', signal);
        await connection.query(
          `DROP DATABASE IF EXISTS ${quoteIdentifier(target.database)} WITH (FORCE)`,
          signal,
        );
      }),
    swap: (liveTarget, scratch, old, { signal }) =>
      guarded('swap databases', signal, async () => {
        const target = liveTarget as unknown as PostgresTarget;
        const names = { live: target.database, fresh: String(scratch.database), old };
        const open = () => openElsewhere(connect, target, Object.values(names), signal);
        await using connection = await open();
        await using aside = await open();
        await swapDatabases(connection, aside, names, signal);
        return beside(target, old);
      }),
  };
}
