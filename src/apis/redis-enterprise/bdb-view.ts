import { isIP } from 'node:net';
import { isResting, type Job } from '../../core/job.ts';
import type { DatabaseView } from '../../service/service.ts';
import { actionUid } from './action-uid.ts';
import { bdbDefaults } from './bdb-defaults.ts';
import { exportStatus, hasSucceeded, importStatus } from './job-status.ts';
import type { LiveFacts } from './live-facts.ts';
import type { BdbSettings, Tag } from './settings.ts';
import { timeText } from './times.ts';

/** A database object, with all its keys. */
export type Bdb = Readonly<Record<string, unknown>>;

/** What the jobs of a database say of it. */
export interface BdbRuns {
  /** The newest that this API started. */
  readonly newestExport: Job | null;
  readonly newestImport: Job | null;
  /** The newest that succeeded. */
  readonly lastExport: Job | null;
  /** Any job of the database that is not finished, whoever asked for it. */
  readonly running: Job | null;
}

/** The engine that the contract is about; databases of others carry a tag. */
const ownEngine = 'redis';

/** Keys that {@link LiveFacts} are needed for. */
export const liveKeys: readonly string[] = ['version', 'redis_version', 'memory_size'];

/** @param facts null: nobody wants the keys of {@link liveKeys} */
export function bdbView(
  database: DatabaseView,
  settings: BdbSettings,
  runs: BdbRuns,
  facts: LiveFacts | null,
): Bdb {
  const { uid, engine, createdAt } = database;
  const exporting = exportStatus(runs.newestExport, settings.exportReset);
  const importing = importStatus(runs.newestImport, settings.importReset);
  const tags = tagsOf(engine, settings.tags ?? []);
  const version = facts?.version ?? '';
  return {
    ...bdbDefaults,
    uid,
    name: slugOf(database.name),
    type: engine,
    version,
    redis_version: version.split('.').slice(0, 2).join('.'),
    memory_size: facts?.bytes ?? 0,
    status: importing.status === 'importing' ? 'import-pending' : 'active',
    created_time: timeText(createdAt),
    last_changed_time: timeText(settings.changedAt ?? createdAt),
    endpoints: endpointsOf(database),
    module_list: [],
    shard_list: [uid],
    background_op: [backgroundOp(runs.running, exporting.progress, importing.progress)],
    export_status: exporting.status,
    export_progress: exporting.progress,
    export_failure_reason: exporting.reason,
    import_status: importing.status,
    import_progress: importing.progress,
    import_failure_reason: importing.reason,
    backup_status: settings.backupReset === true ? 'idle' : '',
    skip_import_analyze: settings.skipImportAnalyze ?? bdbDefaults.skip_import_analyze,
    ...(tags.length === 0 ? {} : { tags }),
    ...(runs.lastExport?.finishedAt == null
      ? {}
      : { last_export_time: timeText(runs.lastExport.finishedAt) }),
    ...(runs.running === null ? {} : { action_uid: actionUid(runs.running.id) }),
    ...notificationOf(runs),
  };
}

/** The newest of some jobs that succeeded. */
export const newestSuccess = (jobs: readonly Job[]): Job | null => jobs.find(hasSucceeded) ?? null;

/** Our names have underscores too; names of bdbs are letters, digits and hyphens, and end in no hyphen. */
export const slugOf = (name: string): string => name.replaceAll('_', '-').replace(/-+$/, '');

const tagsOf = (engine: string, own: readonly Tag[]): readonly Tag[] =>
  engine === ownEngine || own.some(({ key }) => key === 'engine')
    ? own
    : [{ key: 'engine', value: engine }, ...own];

/** Where the database is; files have no endpoint. */
function endpointsOf({ uid, url }: DatabaseView): readonly Bdb[] {
  const address = URL.parse(url);
  if (address === null || address.hostname === '') return [];
  const host = address.hostname.replace(/^\[(.*)\]$/, '$1');
  return [
    {
      uid: `${uid}:1`,
      dns_name: host,
      port: Number(address.port),
      addr: isIP(host) === 0 ? [] : [host],
      addr_type: 'external',
      proxy_policy: 'single',
      oss_cluster_api_preferred_ip_type: 'internal',
      oss_cluster_api_preferred_endpoint_type: 'ip',
    },
  ];
}

function backgroundOp(running: Job | null, exported: number, imported: number): Bdb {
  if (running === null) return { status: 'idle' };
  const progress = running.kind === 'export' ? exported : running.kind === 'import' ? imported : 0;
  return { status: 'active', name: `${running.kind}_bdb`, error: null, progress };
}

/** Our own key: why nobody is told by e-mail of a run that asked for it; absent where there is nothing to say. */
function notificationOf({ newestExport, newestImport }: BdbRuns): Bdb {
  const reasons = [newestExport, newestImport].flatMap((job) => {
    const reason = (job?.apiData as RunData | undefined)?.mailReason;
    return typeof reason === 'string' ? [reason] : [];
  });
  return reasons[0] === undefined ? {} : { email_notification_status: reasons[0] };
}

/** What this API keeps with a job. */
export interface RunData {
  /** Why no mail will tell of its end, though one was asked for; null: nothing is amiss. */
  readonly mailReason: string | null;
  /** Sentences about what the request held and was left out. */
  readonly notes: readonly string[];
}

/** Whether a job still works. */
export const isRunning = ({ state }: Job): boolean => !isResting(state);
