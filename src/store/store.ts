import type { EventStore } from '../jobs/event-store.ts';
import type { JobCensus } from '../jobs/job-census.ts';
import type { JobStore } from '../jobs/job-store.ts';
import type { ScheduleStore } from '../jobs/schedule-store.ts';
import type { AccessKeys } from '../registry/access-keys.ts';
import type { BackupCatalogue } from '../registry/backup-catalogue.ts';
import type { Registry } from '../registry/registry.ts';
import type { WalletCanary } from '../registry/wallet-canary.ts';
import type { Workspaces } from '../registry/workspaces.ts';
import { createAccessKeys } from './access-keys.ts';
import { createBackupCatalogue } from './backup-catalogue.ts';
import { createEventStore } from './events.ts';
import { createJobCensus } from './job-census.ts';
import { createJobStore } from './job-store.ts';
import { schemaVersion } from './migrate.ts';
import { createRegistry } from './registry.ts';
import { createScheduleStore } from './schedules.ts';
import { inTransaction, type StoreContext } from './store-context.ts';
import { createWalletCanary } from './wallet-canary.ts';
import { createWorkspaces } from './workspaces.ts';

/** Jobs, registry and what belongs to them. */
export interface Store extends AsyncDisposable {
  readonly jobs: JobStore;
  readonly census: JobCensus;
  readonly registry: Registry;
  readonly schedules: ScheduleStore;
  readonly events: EventStore;
  readonly backups: BackupCatalogue;
  readonly workspaces: Workspaces;
  readonly accessKeys: AccessKeys;
  readonly walletCanary: WalletCanary;
  /** Version of the schema: another program may have brought it beyond that of this one meanwhile. */
  schemaVersion(): Promise<number>;
  /** Ends what runs and closes the database; the second time nothing. */
  close(): Promise<void>;
}

/** The store over any database that Kysely speaks to. */
export function assembleStore(context: StoreContext, close: () => Promise<void>): Store {
  return {
    jobs: createJobStore(context),
    census: createJobCensus(context),
    registry: createRegistry(context),
    schedules: createScheduleStore(context),
    events: createEventStore(context),
    backups: createBackupCatalogue(context),
    workspaces: createWorkspaces(context),
    accessKeys: createAccessKeys(context),
    walletCanary: createWalletCanary(context),
    schemaVersion: () => inTransaction(context, 'read the schema version', schemaVersion),
    close,
    [Symbol.asyncDispose]: close,
  };
}
