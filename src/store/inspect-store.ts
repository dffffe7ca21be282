import type { Instance } from '../jobs/instance-store.ts';
import type { StorePatience } from './postgres/store-pool.ts';
import { readStoreVersions, type StorePlace, type StoreVersions } from './read-version.ts';

/** Counting takes a while in a large store. */
const patience: StorePatience = {
  connect: 10_000,
  answer: 60_000,
  lock: 1_000,
  statement: 60_000,
  silence: 5_000,
};

/** What is in a store. */
export interface StoreCounts {
  readonly jobs: number;
  readonly unfinishedJobs: number;
  readonly databases: number;
  readonly directories: number;
  readonly credentials: number;
  readonly users: number;
  readonly schedules: number;
  readonly backups: number;
}

export interface StoreFacts extends StoreVersions {
  /** Where it is, without secrets. */
  readonly store: string;
  /** Null: it is of another version, or cannot be asked now (a service has the file to itself). */
  readonly counts: StoreCounts | null;
  /** Processes that share it; none shares a file. */
  readonly instances: readonly Instance[];
}

const countsQuery = `select
  (select count(*) from job) as "jobs",
  (select count(*) from job where finished_at is null) as "unfinishedJobs",
  (select count(*) from database) as "databases",
  (select count(*) from directory) as "directories",
  (select count(*) from credential) as "credentials",
  (select count(*) from user_account) as "users",
  (select count(*) from schedule) as "schedules",
  (select count(*) from backup) as "backups"`;

const instancesQuery = `select id, name, version, url, started_at as "startedAt", seen_at as "seenAt"
  from instance order by name, started_at, id`;

/** Looks at a store without opening it as one: nothing is made, migrated or locked. Throws what is wrong with a URL, and nothing else. */
export async function inspectStore(place: StorePlace): Promise<StoreFacts> {
  const store = place.store === null ? place.file : await describe(place.store);
  const versions = await readStoreVersions(place);
  const nothing = { store, ...versions, counts: null, instances: [] };
  if (versions.version !== versions.knownVersion) return nothing;
  try {
    return {
      ...nothing,
      ...(await (place.store === null ? countInFile(place.file) : countOnServer(place.store))),
    };
  } catch {
    return nothing;
  }
}

async function describe(store: NonNullable<StorePlace['store']>): Promise<string> {
  const { describeStore, readStoreUrl } = await import('./postgres/store-url.ts');
  return describeStore(readStoreUrl(store));
}

async function countInFile(file: string): Promise<Pick<StoreFacts, 'counts'>> {
  const { default: Database } = await import('better-sqlite3');
  const database = new Database(file, { readonly: true, fileMustExist: true, timeout: 0 });
  try {
    return { counts: database.prepare<[], StoreCounts>(countsQuery).get() ?? null };
  } finally {
    database.close();
  }
}

async function countOnServer(
  store: NonNullable<StorePlace['store']>,
): Promise<Pick<StoreFacts, 'counts' | 'instances'>> {
  const { default: pg } = await import('pg');
  const { clientConfig } = await import('./postgres/store-pool.ts');
  const { readStoreUrl } = await import('./postgres/store-url.ts');
  const client = new pg.Client(clientConfig(readStoreUrl(store), patience));
  client.on('error', () => undefined);
  try {
    await client.connect();
    const [counts] = (await client.query(countsQuery)).rows.map(withNumbers<StoreCounts>);
    const instances = (await client.query(instancesQuery)).rows.map(withNumbers<Instance>);
    return { counts: counts ?? null, instances };
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Large integers come as texts; names that look like numbers stay what they are. */
function withNumbers<T>(row: Readonly<Record<string, unknown>>): T {
  const texts = ['id', 'name', 'version', 'url'];
  const entries = Object.entries(row).map(([name, value]) => [
    name,
    typeof value === 'string' && !texts.includes(name) ? Number(value) : value,
  ]);
  return Object.fromEntries(entries) as T;
}
