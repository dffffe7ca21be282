import { type PostgresServer, startPostgres } from '../../test/harness/postgres.ts';
import type { ServiceProcess } from '../../test/harness/service-process.ts';
import { fillUnitDatabase } from '../../test/harness/unit-database.ts';
import { makeFolder } from '../../test/harness/with-folder.ts';
import { openPostgresGrowth } from './growing-postgres.ts';
import { openSqliteGrowth } from './growing-sqlite.ts';
import type { GrowingStore } from './growing-store.ts';
import { printTimings, type Timing, timed } from './latency-table.ts';
import { copyJob } from './stock.ts';

const finished = 100_000;
const queued = 10_000;
const calls = 200;
/** The queued jobs are of so many databases, as those of a service that many use. */
const databases = 100;
/** Requests in flight while the queue is filled. */
const lanes = 8;
/** One task at a time, and that one lasts for hours: what is queued stays queued. */
const blockedFlags = ['--workers', '1', '--storage-rate', '1KiB'];

/** What the verbs cost in an empty store and in one of 10,000 queued and 100,000 finished jobs, on both stores; then how the statements are carried out. */
export async function benchGrowth(): Promise<void> {
  await using source = await startPostgres();
  await source.createDatabase('small');
  await fillUnitDatabase(source, 'small', { tables: 2, rowsPerTable: 20 });
  await source.createDatabase('large');
  await fillUnitDatabase(source, 'large', { tables: 1, rowsPerTable: 100_000 });
  const timings: Timing[] = [];
  const plans: string[] = [];
  for (const open of [openSqliteGrowth, openPostgresGrowth]) {
    await using folder = await makeFolder();
    await using store = await open(folder);
    await growOne(store, source, timings, plans);
  }
  printTimings(timings);
  for (const line of plans) process.stdout.write(`${line}\n`);
}

async function growOne(
  store: GrowingStore,
  source: PostgresServer,
  timings: Timing[],
  plans: string[],
): Promise<void> {
  const tell = (text: string) => process.stdout.write(`${store.name}: ${text}\n`);
  const template = await firstJob(store, source);
  const measure = async (stock: string, more: number) => {
    const add = (verb: string, times: readonly number[]) =>
      timings.push({ verb, store: store.name, stock, times });
    await using service = await store.start(blockedFlags);
    const { id } = await service.start(exportOf(store, 'large'));
    while ((await stateOf(service, id)) !== 'executing');
    await Promise.all(
      Array.from({ length: lanes }, async () => {
        for (let at = 0; at < more / lanes; at += 1) await service.start(nextExport(store));
      }),
    );
    add('create', await timed(calls, () => service.start(nextExport(store))));
    add('list', await timed(calls, () => service.request('GET', '/api/v1/jobs?limit=100')));
    add(
      'list by state',
      await timed(calls, () => service.request('GET', '/api/v1/jobs?limit=100&state=completed')),
    );
    add('get', await timed(calls, () => service.request('GET', `/api/v1/jobs/${template}`)));
    add('first event', await timed(calls, () => firstEvent(service, id)));
    await service.request('POST', `/api/v1/jobs/${id}/cancel`);
    // Whoever holds the store in its process has to be gone before it is looked at.
    await service.kill();
    const { claim, complete } = await store.claims(calls);
    add('claim', claim);
    add('complete', complete);
  };
  tell('measuring the empty store');
  await measure('empty', 0);
  tell(`making ${finished} finished jobs`);
  await copyJob(store.sql, template, finished);
  await store.sql.run('ANALYZE');
  tell(`making ${queued} queued jobs, and measuring`);
  await measure(`${queued} queued, ${finished} finished`, queued);
  tell('looking at the statements');
  plans.push(`Statements on ${store.name}:`, ...(await store.plans(template)));
}

const exportOf = (store: GrowingStore, database: string) => ({
  kind: 'export',
  database,
  mode: 'full',
  threads: 1,
  directory: store.directory,
});

let exports = 0;
/** Of one database after the other, each to a file of its own. */
const nextExport = (store: GrowingStore) => {
  exports += 1;
  return { ...exportOf(store, nameOf(exports % databases)), file_pattern: `file${exports}.dmp` };
};
const nameOf = (at: number): string => `small${at}`;

/** Registers what the jobs need, and runs the job that is copied. */
async function firstJob(store: GrowingStore, source: PostgresServer): Promise<string> {
  await using service = await store.start([]);
  const add = (name: string, url: string) => service.request('POST', '/api/v1/databases', { name, url });
  await add('large', source.url('large'));
  for (let at = 0; at < databases; at += 1) await add(nameOf(at), source.url('small'));
  await store.prepare(service);
  return (await service.run(exportOf(store, nameOf(0)))).id;
}

const stateOf = async (service: ServiceProcess, id: string): Promise<string> =>
  (await service.request<{ readonly state: string }>('GET', `/api/v1/jobs/${id}`)).state;

/** Until the first event of a job that runs. */
async function firstEvent({ url, token }: ServiceProcess, id: string): Promise<void> {
  const end = new AbortController();
  const answer = await fetch(`${url}/api/v1/jobs/${id}/events`, {
    headers: { authorization: `Bearer ${token}` },
    signal: end.signal,
  });
  await answer.body?.getReader().read();
  end.abort();
}
