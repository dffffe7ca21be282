import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { PostgresServer } from '../../test/harness/postgres.ts';
import { storeDatabase } from '../../test/harness/pumphouse-cluster.ts';

/** What the instances asked of their store in some time. */
export interface StoreLoadFigures {
  readonly commits: number;
  readonly calls: number;
  /** Spent by the server in statements. */
  readonly milliseconds: number;
  readonly notifies: number;
  readonly walBytes: number;
}

/** Counts what happens at a store whose server has loaded pg_stat_statements. */
export interface StoreLoad extends AsyncDisposable {
  begin(): Promise<void>;
  end(): Promise<StoreLoadFigures>;
  /** Of all instances, now. */
  connections(): Promise<number>;
}

/** Sessions tell the counters of transactions a second late. */
const lateMs = 1_500;

export async function openStoreLoad(store: PostgresServer): Promise<StoreLoad> {
  const client = new pg.Client({
    host: store.socketDir,
    port: store.port,
    user: 'postgres',
    database: storeDatabase,
    application_name: 'bench',
  });
  await client.connect();
  await client.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
  const count = async (): Promise<StoreLoadFigures> => {
    const { rows } = await client.query(
      `SELECT (SELECT xact_commit FROM pg_stat_database WHERE datname = current_database())::float8 AS commits,
         coalesce(sum(calls), 0)::float8 AS calls, coalesce(sum(total_exec_time), 0)::float8 AS milliseconds,
         coalesce(sum(calls) FILTER (WHERE query ILIKE '%pg_notify(%'), 0)::float8 AS notifies,
         (pg_current_wal_lsn() - '0/0')::float8 AS "walBytes"
       FROM pg_stat_statements WHERE query !~* '^(begin|commit|rollback|discard|set )' AND query NOT LIKE '%pg_stat_statements%'`,
    );
    return rows[0] as StoreLoadFigures;
  };
  let before: StoreLoadFigures | null = null;
  return {
    async begin() {
      await sleep(lateMs);
      before = await count();
    },
    async end() {
      await sleep(lateMs);
      const now = await count();
      const since = (name: keyof StoreLoadFigures) => now[name] - (before?.[name] ?? 0);
      return {
        commits: since('commits'),
        calls: since('calls'),
        milliseconds: since('milliseconds'),
        notifies: since('notifies'),
        walBytes: since('walBytes'),
      };
    },
    async connections() {
      const { rows } = await client.query(
        "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name <> 'bench' AND backend_type = 'client backend'",
      );
      return (rows[0] as { readonly n: number }).n;
    },
    [Symbol.asyncDispose]: () => client.end(),
  };
}
