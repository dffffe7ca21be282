import { isConfirmed } from '../confirm.ts';
import { followJob, type JobView } from '../follow-job.ts';
import { formatTable } from '../format.ts';
import type { CommandEnd, Session } from '../session.ts';
import { type BackupView, backupId, getBackup } from './backup.ts';
import { given } from './job-flags.ts';
import { type CommonFlags, refuseDetached, showStarted, startAndFollow } from './start-job.ts';

export interface StartBackupFlags extends CommonFlags {
  readonly keepForever?: boolean;
}

export interface VerifyBackupFlags extends CommonFlags {
  readonly method?: string;
  readonly scratch?: string;
}

export interface RestoreFlags extends CommonFlags {
  readonly from?: string;
  readonly id?: string;
  readonly tag?: string;
  readonly time?: string;
  readonly position?: string;
  readonly inPlace?: boolean;
  readonly keepOld?: boolean;
  readonly tableExists?: string;
}

export interface DeleteBackupFlags extends CommonFlags {
  readonly force?: boolean;
  readonly yes?: boolean;
}

export interface PruneFlags extends CommonFlags {
  readonly dryRun?: boolean;
}

export const startBackup = (
  session: Session,
  database: string,
  flags: StartBackupFlags,
): Promise<CommandEnd> =>
  startAndFollow(session, flags, {
    kind: 'backup',
    database,
    ...given('keep_forever', flags.keepForever),
  });

export const verifyBackup = async (
  session: Session,
  id: string,
  flags: VerifyBackupFlags,
): Promise<CommandEnd> =>
  startAndFollow(session, flags, {
    kind: 'backup_verify',
    backup: backupId(id),
    ...given('method', flags.method),
    ...given('scratch_database', flags.scratch),
  });

export const restore = async (session: Session, database: string, flags: RestoreFlags): Promise<CommandEnd> =>
  startAndFollow(session, flags, {
    kind: 'restore',
    database,
    ...given('from', flags.from),
    ...given('backup', flags.id === undefined ? undefined : backupId(flags.id)),
    ...given('tag', flags.tag),
    ...given('time', flags.time),
    ...given('position', flags.position),
    ...given('in_place', flags.inPlace),
    ...given('keep_old', flags.keepOld),
    ...given('table_exists_action', flags.tableExists),
  });

/** Asks first, on a terminal; elsewhere it has to be said with `--yes`. The first one says whose backups they are. */
export async function deleteBackups(
  session: Session,
  ids: readonly string[],
  flags: DeleteBackupFlags,
): Promise<CommandEnd> {
  const backups = ids.map(backupId);
  const { database } = await getBackup(session, String(backups[0]));
  const question = `Remove the files of ${backups.length === 1 ? 'backup' : 'the backups'} ${backups.join(', ')} of ${database}?`;
  if (flags.yes !== true && !(await isConfirmed(session.host, question))) {
    session.show({ deleted: false }, () => 'Nothing was deleted.');
    return 'ok';
  }
  return startAndFollow(session, flags, {
    kind: 'backup_delete',
    database,
    backups,
    ...given('force', flags.force),
  });
}

export async function pruneBackups(
  session: Session,
  database: string,
  flags: PruneFlags,
): Promise<CommandEnd> {
  const client = await session.client();
  const resource = `/api/v1/databases/${encodeURIComponent(database)}/retention`;
  if (flags.dryRun === true) {
    const plan = await client.json<RetentionPlan>({ method: 'GET', path: resource });
    session.show(plan, () => planText(plan));
    return 'ok';
  }
  refuseDetached(client, flags);
  const job = await client.json<JobView | null>({ method: 'POST', path: `${resource}/prune` });
  if (job === null) {
    session.show({ removed: [] }, () => 'There is nothing to remove.');
    return 'ok';
  }
  return flags.detach === true ? showStarted(session, job) : followJob(session, job);
}

interface RetentionPlan {
  readonly keep: readonly { readonly backup: BackupView; readonly reasons: readonly string[] }[];
  readonly remove: readonly { readonly backup: BackupView; readonly reason: string }[];
}

function planText({ keep, remove }: RetentionPlan): string {
  const row = (word: string, { id, tag, state }: BackupView, why: string) => [
    word,
    String(id),
    tag ?? state,
    why,
  ];
  return [
    formatTable(
      ['', 'id', 'tag', 'why'],
      [
        ...keep.map(({ backup, reasons }) => row('keep', backup, reasons.join(', '))),
        ...remove.map(({ backup, reason }) => row('remove', backup, reason)),
      ],
    ),
    `Dry run, nothing was removed. ${keep.length} would stay, ${remove.length} would go.`,
  ].join('\n');
}
