import { isConfirmed, requireTerminal } from '../confirm.ts';
import { formatBytes, formatCounted } from '../format.ts';
import { locationFields, locationQuery } from '../location.ts';
import type { CommandEnd, Session } from '../session.ts';
import { given } from './job-flags.ts';
import { type CommonFlags, startAndFollow } from './start-job.ts';

export interface CopyDumpFlags extends CommonFlags {
  readonly toCredential?: string;
}

export interface DeleteDumpFlags extends CommonFlags {
  readonly yes?: boolean;
}

/** From place to place, under the same names. */
export async function copyDumpSet(
  session: Session,
  from: string,
  to: string,
  flags: CopyDumpFlags,
): Promise<CommandEnd> {
  const target = locationFields(to, flags.toCredential);
  return startAndFollow(session, flags, {
    kind: 'dump_copy',
    ...locationFields(from, flags.credential),
    ...given('file_pattern', flags.file),
    ...given('to_directory', target.directory),
    ...given('to_location', target.location),
    ...given('to_credential', target.credential),
  });
}

/** Asks first, on a terminal; elsewhere it has to be said with `--yes`. */
export async function deleteDumpSet(
  session: Session,
  location: string,
  flags: DeleteDumpFlags,
): Promise<CommandEnd> {
  if (flags.yes !== true && !(await isWanted(session, location, flags))) {
    session.show({ deleted: false }, () => 'Nothing was deleted.');
    return 'ok';
  }
  return startAndFollow(session, flags, {
    kind: 'dump_delete',
    ...locationFields(location, flags.credential),
    ...given('file_pattern', flags.file),
  });
}

async function isWanted(session: Session, location: string, flags: CommonFlags): Promise<boolean> {
  const { host, client } = session;
  requireTerminal(host, 'There is no terminal to ask whether the dump set shall be deleted.');
  const set = await (await client()).json<{
    readonly job: { readonly name: string };
    readonly source: { readonly database: string };
    readonly bytes: number;
    readonly files: readonly unknown[];
  }>({ method: 'GET', path: `/api/v1/dump-sets/show${locationQuery(location, flags)}` });
  const what = `${set.job.name} of ${set.source.database} (${formatCounted(set.files.length, 'file')}, ${formatBytes(set.bytes)})`;
  return isConfirmed(host, `Delete the dump set ${what}?`);
}
