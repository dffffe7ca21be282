import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { PostgresServer } from './postgres.ts';
import { storeDatabase } from './pumphouse-cluster.ts';

/** A task that runs, as the store sees it. */
export interface RunningTask {
  readonly key: string;
  readonly kind: string;
  /** How often it was given out; never goes back. */
  readonly claims: number;
}

/** A look at the shared store by SQL, past the instances. It waits out restarts of the store. */
export interface StoreView extends AsyncDisposable {
  rows<T>(sql: string, values?: readonly unknown[]): Promise<readonly T[]>;
  running(jobId: string): Promise<readonly RunningTask[]>;
  /** Claims of each task of the job that is neither done nor failed, by its key. */
  claims(jobId: string): Promise<ReadonlyMap<string, number>>;
  /** What is left of jobs that rest, in words: running tasks, tickets, shared snapshots. Empty: nothing. */
  remains(): Promise<readonly string[]>;
}

const againMs = 50;

export function openStoreView(store: PostgresServer): StoreView {
  const pool = new pg.Pool({
    host: store.socketDir,
    port: store.port,
    user: 'postgres',
    database: storeDatabase,
    max: 4,
  });
  // A connection that ends with a restart of the store: the next one is another.
  pool.on('error', () => undefined);
  let isOpen = true;

  const rows = async <T>(sql: string, values: readonly unknown[] = []): Promise<readonly T[]> => {
    for (;;) {
      try {
        return (await pool.query(sql, [...values])).rows as T[];
      } catch (error) {
        // A statement that is wrong stays wrong; all other errors are of the connection.
        const code = (error as { readonly code?: string }).code ?? '';
        if (!isOpen || /^(22|23|42)/.test(code)) throw error;
        await sleep(againMs);
      }
    }
  };
  return {
    rows,
    running: (jobId) =>
      rows(
        "SELECT key, kind, claims::int AS claims FROM pumphouse.task WHERE job_id = $1 AND state = 'running'",
        [jobId],
      ),
    async claims(jobId) {
      const found = await rows<RunningTask>(
        "SELECT key, claims::int AS claims FROM pumphouse.task WHERE job_id = $1 AND state NOT IN ('done', 'failed')",
        [jobId],
      );
      return new Map(found.map(({ key, claims }) => [key, claims]));
    },
    async remains() {
      const found = await rows<{ readonly what: string }>(
        `SELECT 'task ' || key || ' of ' || job_id || ' is ' || state AS what FROM pumphouse.task WHERE state = 'running' OR token IS NOT NULL
         UNION ALL SELECT 'job ' || id || ' says that ' || running || ' tasks run' FROM pumphouse.job WHERE running <> 0
         UNION ALL SELECT 'ticket ' || name || '/' || coalesce(singleton_key, id::text) || ' is ' || state FROM pumphouse_queue.job
           WHERE state IN ('created', 'retry', 'active') AND name NOT LIKE '\\_\\_pgboss%'
         UNION ALL SELECT 'a snapshot of ' || job_id FROM pumphouse.job_snapshot`,
      );
      return found.map(({ what }) => what);
    },
    async [Symbol.asyncDispose]() {
      isOpen = false;
      await pool.end();
    },
  };
}

/** Looks all the time whether a job has more tasks running than it may. */
export interface ThreadsWatch extends AsyncDisposable {
  /** What was seen, in words; empty: the limit was kept. */
  readonly violations: readonly string[];
  /** The most tasks that were seen running at once, by job. */
  readonly most: ReadonlyMap<string, number>;
}

export function watchThreads(view: StoreView): ThreadsWatch {
  const violations: string[] = [];
  const most = new Map<string, number>();
  const stop = new AbortController();
  const watching = (async () => {
    while (!stop.signal.aborted) {
      const found = await view.rows<{
        readonly id: string;
        readonly running: number;
        readonly threads: number;
      }>(
        `SELECT j.id, j.threads::int AS threads, (SELECT count(*) FROM pumphouse.task t WHERE t.job_id = j.id AND t.state = 'running')::int AS running
         FROM pumphouse.job j WHERE j.running > 0`,
      );
      for (const { id, running, threads } of found) {
        most.set(id, Math.max(most.get(id) ?? 0, running));
        if (running > threads) violations.push(`job ${id} ran ${running} tasks and may run ${threads}`);
      }
      await sleep(againMs);
    }
  })();
  return {
    violations,
    most,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await watching;
    },
  };
}
