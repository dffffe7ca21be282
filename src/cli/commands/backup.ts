import { AppError } from '../../core/errors.ts';
import { formatBytes, formatCount, formatCounted, formatTable } from '../format.ts';
import type { CommandEnd, Session } from '../session.ts';

/** What the command line reads of a backup of the native API. */
export interface BackupView {
  readonly id: number;
  readonly database: string;
  readonly engine: string;
  readonly tag: string | null;
  readonly state: string;
  readonly good: boolean;
  readonly job: string;
  readonly directory: string | null;
  readonly location: string | null;
  readonly file_pattern: string | null;
  readonly encryption_key: string | null;
  readonly keep_forever: boolean;
  readonly started_at: string;
  readonly completed_at: string | null;
  readonly bytes: number | null;
  readonly rows: number | null;
  readonly position: string | null;
  readonly error: string | null;
  readonly proofs: readonly {
    readonly method: string;
    readonly at: string;
    readonly ok: boolean;
    readonly message: string;
  }[];
  readonly deleted_at: string | null;
  readonly deleted_reason: string | null;
}

/** Also what is deleted, with `--all`. */
const everyState = ['running', 'completed', 'failed', 'deleting', 'deleted'];

export async function listBackups(
  session: Session,
  database: string | undefined,
  flags: { readonly all?: boolean },
): Promise<CommandEnd> {
  const query = new URLSearchParams({ limit: '1000' });
  if (database !== undefined) query.set('database', database);
  if (flags.all === true) for (const state of everyState) query.append('state', state);
  const client = await session.client();
  const { items } = await client.json<{ readonly items: readonly BackupView[] }>({
    method: 'GET',
    path: `/api/v1/backups?${query}`,
  });
  session.show(items, () =>
    items.length === 0 ? 'No backups yet: pumphouse backup start DATABASE' : backupTable(items),
  );
  return 'ok';
}

export const backupTable = (backups: readonly BackupView[]): string =>
  formatTable(
    ['id', 'database', 'tag', 'state', 'proof', 'kept', 'completed', 'rows', 'size'],
    backups.map((backup) => [
      String(backup.id),
      backup.database,
      backup.tag ?? '',
      backup.state,
      proofOf(backup),
      backup.keep_forever ? 'for ever' : '',
      backup.completed_at ?? '',
      backup.rows === null ? '' : formatCount(backup.rows),
      backup.bytes === null ? '' : formatBytes(backup.bytes),
    ]),
  );

/** How it stands. */
function proofOf({ proofs, state, good }: BackupView): string {
  if (state === 'completed' && !good) return 'damaged';
  const last = proofs.at(-1);
  if (last === undefined) return '';
  return last.ok ? last.method : 'damaged';
}

export async function showBackup(session: Session, id: string): Promise<CommandEnd> {
  const backup = await getBackup(session, id);
  session.show(backup, () =>
    [
      `${backup.database} ${backup.tag ?? '(no tag yet)'} (${backup.id}): ${backup.state}${backup.keep_forever ? ', kept for ever' : ''}`,
      `at ${backup.directory ?? backup.location}${backup.file_pattern === null ? '' : `, ${backup.file_pattern}`}, ${backup.encryption_key === null ? 'not encrypted' : `encrypted with ${backup.encryption_key}`}`,
      `begun ${backup.started_at}, ${backup.completed_at === null ? 'not completed' : `completed ${backup.completed_at}`}, by job ${backup.job}`,
      ...(backup.rows === null || backup.bytes === null
        ? []
        : [`${formatCounted(backup.rows, 'row')}, ${formatBytes(backup.bytes)}`]),
      ...(backup.position === null ? [] : [`position ${backup.position}`]),
      ...(backup.error === null ? [] : [`error: ${backup.error}`]),
      ...backup.proofs.map(
        ({ method, at, ok, message }) => `${ok ? 'proved' : 'DAMAGED'} by ${method} at ${at}: ${message}`,
      ),
      ...(backup.deleted_reason === null
        ? []
        : [`deleted ${backup.deleted_at ?? '(being removed)'}: ${backup.deleted_reason}`]),
    ].join('\n'),
  );
  return 'ok';
}

export async function keepBackup(
  session: Session,
  id: string,
  flags: { readonly off?: boolean },
): Promise<CommandEnd> {
  const forever = flags.off !== true;
  const client = await session.client();
  const backup = await client.json<BackupView>({
    method: 'POST',
    path: `/api/v1/backups/${backupId(id)}/keep`,
    body: { keep_forever: forever },
  });
  session.show(
    backup,
    () =>
      `Backup ${backup.id} of ${backup.database} ${forever ? 'is kept for ever' : 'goes when the policy says so'}.`,
  );
  return 'ok';
}

export const getBackup = async (session: Session, id: string): Promise<BackupView> =>
  (await session.client()).json<BackupView>({ method: 'GET', path: `/api/v1/backups/${backupId(id)}` });

/** Ids are numbers; a tag belongs to a database, which is not named here. */
export function backupId(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new AppError('usage', {
    field: 'backup',
    message: `${JSON.stringify(text)} is no id of a backup.`,
    hint: 'See pumphouse backup list.',
  });
}
