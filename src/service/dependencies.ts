import type { Clock } from '../base/clock.ts';
import type { Secret } from '../base/secret.ts';
import type { Logger, OperationContext } from '../core/context.ts';
import type { Wallet } from '../core/sealer.ts';
import type { Dispatcher } from '../jobs/dispatcher.ts';
import type { EventStore } from '../jobs/event-store.ts';
import type { JobStore } from '../jobs/job-store.ts';
import type { ScheduleStore } from '../jobs/schedule-store.ts';
import type { TellEvent } from '../operations/backup-parts.ts';
import type { Environment } from '../operations/environment.ts';
import type { AccessKeys } from '../registry/access-keys.ts';
import type { BackupCatalogue } from '../registry/backup-catalogue.ts';
import type { Registry } from '../registry/registry.ts';
import type { Workspaces } from '../registry/workspaces.ts';
import type { CredentialType } from '../storages/storage.ts';
import type { JobSignals } from './job-signals.ts';
import type { MailOptions } from './mail.ts';
import type { CallContext, InstanceView } from './service.ts';

/** What the service is made of; app.ts brings it. */
export interface ServiceDependencies {
  readonly store: JobStore;
  /** Tells of changes that this process makes to jobs, so that watchers wake at once; without it they look once in a while. */
  readonly signals?: JobSignals;
  readonly registry: Registry;
  readonly accessKeys: AccessKeys;
  readonly workspaces: Workspaces;
  readonly backups: BackupCatalogue;
  readonly schedules: ScheduleStore;
  readonly events: EventStore;
  /** Writes an event down for those who listen. */
  readonly tell: TellEvent;
  readonly environment: Environment;
  readonly wallet: Wallet;
  /** The kinds of credentials that the storages take. */
  readonly credentialTypes: readonly CredentialType[];
  readonly dispatcher: Pick<Dispatcher, 'notify' | 'interrupt'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly options: {
    /** Most threads of one job of this database; of the empty name where a job is about none. */
    readonly threadsMax: (database: string) => number;
    readonly mail: MailOptions;
    /** Milliseconds after which this database is tried again when it was away. */
    readonly databaseRetryMs: (database: string) => number;
  };
  /** Bearer token of the local administrator; null: there is none. */
  readonly localToken: Secret | null;
  /** The version of the store's schema; the one that the program knows. */
  readonly storeVersions: () => Promise<{ readonly version: number; readonly knownVersion: number }>;
  /** Who shares the store; absent: nobody else. */
  readonly listInstances?: () => Promise<readonly InstanceView[]>;
  /** Seals again what lies in the config folder, for a wallet that got another key; gives how many secrets there are. */
  readonly resealSettings?: () => Promise<number>;
  /** Whether jobs can be taken: false before the dispatcher runs and while it drains. */
  readonly isReady: () => boolean;
}

/** The context of I/O that is done for a call. */
export const ioContext = ({ log }: ServiceDependencies, { signal }: CallContext): OperationContext => ({
  signal,
  log,
});
