import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Secret } from '../../src/base/secret.ts';
import { openWallet } from '../../src/config/wallet.ts';
import type { Caller, Role } from '../../src/core/permission.ts';
import { localAdministrator } from '../../src/core/permission.ts';
import type { Engine } from '../../src/engines/engine.ts';
import { postgresEngine } from '../../src/engines/postgres/engine.ts';
import { sqliteEngine } from '../../src/engines/sqlite/engine.ts';
import { createEventWriter } from '../../src/events/event-writer.ts';
import type { JobStore } from '../../src/jobs/job-store.ts';
import { createNetwork } from '../../src/network/create-network.ts';
import { createEnvironment } from '../../src/operations/environment.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { createService } from '../../src/service/create-service.ts';
import type { ServiceDependencies } from '../../src/service/dependencies.ts';
import { ensureDefaults } from '../../src/service/directories.ts';
import { withSignals } from '../../src/service/job-signals.ts';
import type { CallContext, Service } from '../../src/service/service.ts';
import { localDriver } from '../../src/storages/local/driver.ts';
import { s3Driver } from '../../src/storages/s3/driver.ts';
import { sftpDriver } from '../../src/storages/sftp/driver.ts';
import { createStorageStack } from '../../src/storages/stack.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import { createMemoryLog, type LogLine } from './http-fixture.ts';

/** The local token of the fixture. */
export const fixtureToken = 'fixture-token';

/** A service over a real store, real engines and a real folder; nothing runs its jobs, so that they stay where a test puts them. */
export interface ServiceFixture extends AsyncDisposable {
  readonly service: Service;
  /** What the service is made of, for one that differs in a part. */
  readonly dependencies: ServiceDependencies;
  readonly store: JobStore;
  readonly registry: Registry;
  /** Temporary folder of everything. */
  readonly folder: string;
  /** Where DATA_PUMP_DIR points. */
  readonly dumps: string;
  readonly lines: readonly LogLine[];
  /** What the dispatcher was told. */
  readonly told: string[];
  /** The time; move it by assigning. */
  now: number;
  ready: boolean;
  /** A context of that caller; the request id is new. */
  as(caller: Caller): CallContext;
}

/**
 * `orders`: a SQLite database with the tables customer and line, and `empty`: one without.
 * @param more engines
 */
export async function openServiceFixture(more: readonly Engine[] = []): Promise<ServiceFixture> {
  const folder = await mkdtemp(join(tmpdir(), 'pumphouse-service-'));
  const dumps = join(folder, 'dumps');
  await mkdir(dumps);
  const { log, lines } = createMemoryLog();
  let requests = 0;
  const told: string[] = [];
  const fixture = { now: Date.UTC(2026, 10, 21, 9, 30, 7), ready: true };
  const clock = { now: () => fixture.now };

  const opened = await openSqliteStore({ path: join(folder, 'store.sqlite'), clock, log });
  const { store, signals } = withSignals(opened.jobs);
  const registry = opened.registry;
  const wallet = await openWallet(join(folder, 'wallet.key'), { key: null, previous: null });
  const storages = createStorageStack({
    drivers: [localDriver, s3Driver, sftpDriver],
    network: createNetwork({ allow: [] }),
  });
  const environment = createEnvironment({
    engines: [sqliteEngine, postgresEngine, ...more],
    openStorage: storages.open,
    registry,
    sealer: wallet,
  });
  await ensureDefaults(registry, dumps);
  const dependencies: ServiceDependencies = {
    store,
    signals,
    registry,
    accessKeys: opened.accessKeys,
    workspaces: opened.workspaces,
    backups: opened.backups,
    schedules: opened.schedules,
    events: opened.events,
    tell: createEventWriter(opened.events, { webhook: false, mail: () => false }),
    environment,
    wallet,
    credentialTypes: storages.credentialTypes,
    dispatcher: { notify: () => told.push('notify'), interrupt: (id) => told.push(`interrupt ${id}`) },
    clock,
    log,
    storeVersions: async () => ({ version: 1, knownVersion: 1 }),
    options: { threadsMax: () => 16, mail: { canSend: false, to: () => [] }, databaseRetryMs: () => 60_000 },
    localToken: new Secret(fixtureToken),
    isReady: () => fixture.ready,
  };
  const service = createService(dependencies);
  const as = (caller: Caller): CallContext => {
    requests += 1;
    return { caller, requestId: `request-${requests}`, signal: AbortSignal.timeout(60_000) };
  };
  for (const [name, sql] of Object.entries(databases)) {
    const path = join(folder, `${name}.db`);
    const database = new Database(path);
    database.exec(sql);
    database.close();
    await service.addDatabase(as(localAdministrator), { name, url: `sqlite:${path}` });
  }
  return Object.assign(fixture, {
    service,
    dependencies,
    store,
    registry,
    folder,
    dumps,
    lines,
    told,
    as,
    async [Symbol.asyncDispose]() {
      await opened.close();
      await rm(folder, { recursive: true });
    },
  });
}

const databases: Readonly<Record<string, string>> = {
  orders:
    'CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT); CREATE TABLE line (id INTEGER PRIMARY KEY);',
  empty: 'CREATE TABLE gone (id INTEGER); DROP TABLE gone;',
};

/** A caller without a user record behind it. */
export const callerOf = (name: string, role: Role, databases: readonly string[] = []): Caller => ({
  name,
  role,
  databases,
});

/** All that an asynchronous iterable gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
