import type { Secret } from '../base/secret.ts';
import type { StorePatience } from './postgres/store-pool.ts';

/** Nobody waits longer for the answer to a question that was asked by the way. */
const hurry: StorePatience = { connect: 1_500, answer: 1_500, lock: 1_000, statement: 1_500, silence: 5_000 };

const question = 'select max(version) as version from schema_version';

/** Where a store is: in a file, or where the option `store` says. */
export interface StorePlace {
  readonly store: Secret | null;
  readonly file: string;
}

export interface StoreVersions {
  /** Of the schema of the store; null: it cannot be asked now, or there is none. */
  readonly version: number | null;
  /** The version that this program makes and knows. */
  readonly knownVersion: number;
}

/** Looks at the version of a store without opening it as one: nothing is made, migrated or locked. Throws nothing; takes some seconds at most. */
export async function readStoreVersions(place: StorePlace): Promise<StoreVersions> {
  const { newestVersion } = await import('./migrate.ts');
  try {
    const version = await (place.store === null ? readFromFile(place.file) : readFromServer(place.store));
    return { version, knownVersion: newestVersion };
  } catch {
    return { version: null, knownVersion: newestVersion };
  }
}

async function readFromFile(file: string): Promise<number | null> {
  const { default: Database } = await import('better-sqlite3');
  const database = new Database(file, { readonly: true, fileMustExist: true, timeout: 0 });
  try {
    return versionOf(database.prepare(question).get());
  } finally {
    database.close();
  }
}

async function readFromServer(store: Secret): Promise<number | null> {
  const { default: pg } = await import('pg');
  const { clientConfig } = await import('./postgres/store-pool.ts');
  const { readStoreUrl } = await import('./postgres/store-url.ts');
  const client = new pg.Client(clientConfig(readStoreUrl(store), hurry));
  // What becomes of the connection afterwards is of no interest.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return versionOf((await client.query(question)).rows[0]);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Large integers come as texts. */
function versionOf(row: unknown): number | null {
  const { version = null } = (row ?? {}) as { readonly version?: number | string | null };
  return version === null ? null : Number(version);
}
