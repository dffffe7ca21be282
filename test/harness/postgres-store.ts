import { after, before, describe } from 'node:test';
import pg from 'pg';
import { systemClock } from '../../src/base/clock.ts';
import { Secret } from '../../src/base/secret.ts';
import {
  openPostgresStore,
  type PostgresStoreOptions,
  type SharedStore,
} from '../../src/store/postgres/postgres-store.ts';
import { createMemoryLog } from './http-fixture.ts';
import { type PostgresServer, type PostgresVersion, postgresVersions, startPostgres } from './postgres.ts';

/** Whether this is `npm run test:versions`: every version that the store can be on, and more of what is random. */
export const isCampaign: boolean = process.env.PUMPHOUSE_TEST_STORES === 'all';

export const storeVersions: readonly PostgresVersion[] = isCampaign
  ? postgresVersions
  : postgresVersions.slice(-1);

/** A store that is empty at the start of each test, with a clock that moves by hand. */
export interface TestStore extends SharedStore {
  now(): number;
  advance(ms: number): void;
}

/** Runs suites against stores of one server per version; all tests of a version use one store, emptied, since making one takes longer than most tests. */
export function withStores(
  suites: (title: string, open: () => Promise<TestStore>, server: () => PostgresServer) => void,
): void {
  for (const version of storeVersions) {
    describe(`store on PostgreSQL ${version}`, () => {
      let server: PostgresServer | undefined;
      let store: SharedStore | undefined;
      let emptying: pg.Client | undefined;
      let now = 0;
      before(async () => {
        server = await startPostgres({ version });
        store = await openTestStore(server.url(), { clock: { now: () => now } });
        emptying = new pg.Client(server.url());
        await emptying.connect();
      });
      after(async () => {
        await emptying?.end();
        await store?.close();
        await server?.[Symbol.asyncDispose]();
      });
      const open = async (): Promise<TestStore> => {
        if (store === undefined) throw new Error('The server has not started yet.');
        await emptying?.query(emptyStore);
        now = Date.UTC(2026, 10, 21);
        return {
          ...store,
          now: () => now,
          advance: (ms) => {
            now += ms;
          },
          close: () => Promise.resolve(),
          [Symbol.asyncDispose]: () => Promise.resolve(),
        };
      };
      const running = (): PostgresServer => {
        if (server === undefined) throw new Error('The server has not started yet.');
        return server;
      };
      suites(`PostgreSQL ${version}`, open, running);
    });
  }
}

/** A process's store on that database. */
export const openTestStore = (
  url: string,
  options: Partial<PostgresStoreOptions> = {},
): Promise<SharedStore> =>
  openPostgresStore({
    url: new Secret(url),
    clock: systemClock,
    log: createMemoryLog().log,
    instance: 'test',
    tickets: null,
    ...options,
  });

/** Removes all that a store holds, but leaves its tables. */
export const emptyStore = `
  set search_path = pumphouse;
  delete from job; delete from directory; delete from credential; delete from definition_version;
  delete from workspace_item; delete from workspace; delete from schedule; delete from event; delete from backup;
  delete from database; delete from user_account; delete from audit; delete from instance; delete from store_setting;
  update counter set value = 0`;
