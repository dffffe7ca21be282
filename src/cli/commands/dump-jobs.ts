import { createInterface } from 'node:readline/promises';
import { AppError } from '../../core/errors.ts';
import { formatBytes, formatCounted } from '../format.ts';
import { locationFields, locationQuery } from '../location.ts';
import { isTerminal } from '../read-secret.ts';
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

async function isWanted({ host, client }: Session, location: string, flags: CommonFlags): Promise<boolean> {
  if (!isTerminal(host)) {
    throw new AppError('usage', {
      message: 'There is no terminal to ask whether the dump set shall be deleted.',
      hint: 'Give --yes.',
    });
  }
  const set = await (await client()).json<{
    readonly job: { readonly name: string };
    readonly source: { readonly database: string };
    readonly bytes: number;
    readonly files: readonly unknown[];
  }>({ method: 'GET', path: `/api/v1/dump-sets/show${locationQuery(location, flags)}` });
  const lines = createInterface({ input: host.stdin, output: host.stderr });
  // The end of the input, or Ctrl-C at the question, is no yes.
  const ended = new Promise<string>((resolve) => {
    lines.once('SIGINT', () => resolve(''));
    lines.once('close', () => resolve(''));
  });
  try {
    const what = `${set.job.name} of ${set.source.database} (${formatCounted(set.files.length, 'file')}, ${formatBytes(set.bytes)})`;
    const answer = await Promise.race([lines.question(`Delete the dump set ${what}? [y/N] `), ended]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
