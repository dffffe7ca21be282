import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import { createMemoryLog } from '../harness/http-fixture.ts';
import { accessKeyConformance } from './access-keys.ts';
import { backupConformance } from './backup-catalogue.ts';
import { eventConformance } from './events.ts';
import { censusConformance } from './job-census.ts';
import { jobCredentialConformance } from './job-credentials.ts';
import { jobStoreConformance } from './job-store.ts';
import { jobStoreModel } from './job-store-model.ts';
import { jobSharingConformance } from './job-store-sharing.ts';
import { registryConformance } from './registry.ts';
import { scheduleConformance } from './schedules.ts';
import { workspaceConformance } from './workspaces.ts';

/** An empty store in a folder of its own, with a clock that moves by hand. */
async function open() {
  const folder = await mkdtemp(join(tmpdir(), 'pumphouse-store-'));
  let now = Date.UTC(2026, 10, 21);
  const clock = { now: () => now };
  const store = await openSqliteStore({
    path: join(folder, 'store.sqlite'),
    clock,
    log: createMemoryLog().log,
  });
  return {
    jobs: store.jobs,
    census: store.census,
    registry: store.registry,
    schedules: store.schedules,
    events: store.events,
    backups: store.backups,
    workspaces: store.workspaces,
    accessKeys: store.accessKeys,
    now: clock.now,
    advance: (ms: number) => {
      now += ms;
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

jobStoreConformance('SQLite', open);
jobStoreModel('SQLite', open);
jobSharingConformance('SQLite', open);
registryConformance('SQLite', open);
jobCredentialConformance('SQLite', open);
scheduleConformance('SQLite', open);
eventConformance('SQLite', open);
backupConformance('SQLite', open);
workspaceConformance('SQLite', open);
accessKeyConformance('SQLite', open);
censusConformance('SQLite', open);
