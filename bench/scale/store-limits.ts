import pg from 'pg';
import { type PostgresServer, startPostgres } from '../../test/harness/postgres.ts';

const clients = 32;
const seconds = 8;

/** What a server can do of the things that all instances share one lock for, however many they are. */
export async function benchStoreLimits(): Promise<void> {
  await using server = await startPostgres({ settings: { fsync: 'on' } });
  await server.query('postgres', 'CREATE TABLE counter (name text PRIMARY KEY, value bigint)');
  await server.query('postgres', "INSERT INTO counter VALUES ('job', 0)");
  await server.query('postgres', 'CREATE TABLE row_of_its_own (id int PRIMARY KEY, value bigint)');
  await server.query(
    'postgres',
    `INSERT INTO row_of_its_own SELECT g, 0 FROM generate_series(1, ${clients}) g`,
  );
  const own = (id: number) => `UPDATE row_of_its_own SET value = value + 1 WHERE id = ${id}`;
  const works: Readonly<Record<string, (id: number) => string>> = {
    'commits, each of a row of its own': own,
    'the same with a NOTIFY (one lock for the whole server)': (id) =>
      `${own(id)}; SELECT pg_notify('bench', '${id}')`,
    'commits of one and the same row (the counter of jobs, a job)': () =>
      "UPDATE counter SET value = value + 1 WHERE name = 'job'",
  };
  for (const [name, sqlOf] of Object.entries(works)) {
    process.stdout.write(
      `${name}: ${Math.round(await perSecond(server, sqlOf))} a second by ${clients} sessions\n`,
    );
  }
}

async function perSecond(server: PostgresServer, sqlOf: (id: number) => string): Promise<number> {
  const end = performance.now() + seconds * 1000;
  const counts = await Promise.all(
    Array.from({ length: clients }, async (_, at) => {
      const client = new pg.Client({ connectionString: server.url() });
      await client.connect();
      let done = 0;
      try {
        // Several statements in one text are one transaction.
        for (; performance.now() < end; done += 1) await client.query(sqlOf(at + 1));
      } finally {
        await client.end();
      }
      return done;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0) / seconds;
}
