import { AppError } from '../../core/errors.ts';
import type { ApiClient } from '../client.ts';
import { followJob, type JobView } from '../follow-job.ts';
import { fileFields, locationFields } from '../location.ts';
import { parseFileSize, parsePriority } from '../option-values.ts';
import type { CommandEnd, Session } from '../session.ts';
import {
  type Body,
  type ContentFlags,
  contentBody,
  given,
  type ReadFlags,
  readBody,
  type WriteFlags,
  writeBody,
} from './job-flags.ts';

interface SelectionFlags {
  readonly mode?: string;
  readonly schema?: readonly string[];
  readonly table?: readonly string[];
  readonly name?: readonly string[];
  readonly tablespace?: readonly string[];
}

export interface CommonFlags {
  readonly file?: string;
  readonly credential?: string;
  readonly threads?: string;
  readonly priority?: string;
  readonly mail?: boolean;
  readonly detach?: boolean;
}

export interface ExportFlags extends SelectionFlags, ContentFlags, ReadFlags, CommonFlags {
  readonly to?: string;
  readonly encoding?: string;
  readonly compression?: string;
  readonly encrypt?: string;
  readonly fileSize?: string;
  readonly estimate?: boolean;
}

export interface ImportFlags extends SelectionFlags, ContentFlags, WriteFlags, CommonFlags {
  readonly from?: string;
  readonly ownFile?: readonly string[];
  readonly erase?: boolean;
  readonly decrypt?: string;
  readonly dryRun?: boolean;
}

export interface CopyFlags extends SelectionFlags, ContentFlags, ReadFlags, WriteFlags, CommonFlags {}

export async function startExport(
  session: Session,
  database: string,
  flags: ExportFlags,
): Promise<CommandEnd> {
  return startAndFollow(session, flags, {
    kind: 'export',
    database,
    ...selection(flags, 'full'),
    ...contentBody(flags),
    ...readBody(flags),
    ...locationFields(flags.to, flags.credential),
    ...given('file_pattern', flags.file),
    ...given('encoding', flags.encoding),
    ...given('compression', flags.compression),
    ...given('encryption_key', flags.encrypt),
    ...given('file_size', flags.fileSize === undefined ? undefined : parseFileSize(flags.fileSize)),
    ...given('estimate', flags.estimate),
  });
}

export async function startImport(
  session: Session,
  database: string,
  flags: ImportFlags,
): Promise<CommandEnd> {
  return startAndFollow(session, flags, {
    kind: 'import',
    database,
    ...selection(flags, undefined),
    ...contentBody(flags),
    ...writeBody(flags),
    ...source(flags),
    ...given('erase', flags.erase),
    ...given('file_pattern', flags.file),
    ...given('encryption_key', flags.decrypt),
    ...given('dry_run', flags.dryRun),
  });
}

/** A dump set, or files of the own format of the database. */
function source({ from, ownFile, credential }: ImportFlags): Body {
  if (ownFile !== undefined) return { own_files: ownFile.map((file) => fileFields(file, from, credential)) };
  if (from !== undefined) return locationFields(from, credential);
  throw new AppError('usage', {
    message: 'Neither --from nor --own-file says what to import.',
    hint: 'Give the place of a dump set as --from, or files of the own format of the database as --own-file.',
  });
}

/** From database to database, without files. */
export async function startCopy(
  session: Session,
  database: string,
  target: string,
  flags: CopyFlags,
): Promise<CommandEnd> {
  return startAndFollow(session, flags, {
    kind: 'copy',
    database,
    target,
    ...selection(flags, 'full'),
    ...contentBody(flags),
    ...readBody(flags),
    ...writeBody(flags),
  });
}

/** `dump verify` is a job too. */
export async function startVerify(
  session: Session,
  location: string,
  flags: CommonFlags,
): Promise<CommandEnd> {
  return startAndFollow(session, flags, {
    kind: 'verify',
    ...locationFields(location, flags.credential),
    ...given('file_pattern', flags.file),
  });
}

/** Starts the job that the body asks for, and stays with it unless the flags say not to. */
export async function startAndFollow(session: Session, flags: CommonFlags, body: Body): Promise<CommandEnd> {
  const client = await session.client();
  refuseDetached(client, flags);
  const threads = flags.threads === undefined ? undefined : parseThreads(flags.threads);
  const job = await client.json<JobView>({
    method: 'POST',
    path: '/api/v1/jobs',
    body: {
      ...body,
      ...given('threads', threads),
      ...given('priority', parsePriority(flags.priority)),
      ...given('mail', flags.mail),
    },
  });
  return flags.detach === true ? showStarted(session, job) : followJob(session, job);
}

/** Of a job that the service goes on with. */
export function showStarted(session: Session, job: JobView): CommandEnd {
  session.show(job, () => `Started ${job.name} (${job.id}). Follow it with: pumphouse jobs watch ${job.id}`);
  return 'ok';
}

/** Only a service goes on when the command has ended. */
export function refuseDetached(client: ApiClient, flags: { readonly detach?: boolean }): void {
  if (flags.detach !== true || client.serviceUrl !== null) return;
  throw new AppError('usage', {
    message: 'There is no service on this data folder that could run the job in the background.',
    hint: 'Start one with pumphouse serve, or leave --detach out.',
  });
}

/** `--schema S` and `--table T` are lists of names; the API takes expressions. Without a mode, tables mean table mode and schemas schema mode. */
function selection(
  { mode, schema = [], table = [], name = [], tablespace = [] }: SelectionFlags,
  fallback: string | undefined,
) {
  if (table.length > 0 && mode !== undefined && mode !== 'table') {
    throw new AppError('usage', {
      message: `--table goes with --mode table, not ${mode}.`,
      hint: 'Use --name "LIKE \'A%\'" to filter in other modes.',
    });
  }
  const implied =
    (table.length > 0 && 'table') ||
    (schema.length > 0 && 'schema') ||
    (tablespace.length > 0 && 'tablespace') ||
    fallback;
  return {
    ...given('mode', mode ?? implied),
    ...given('name_expressions', nonEmpty([...(table.length > 0 ? [listExpression(table)] : []), ...name])),
    ...given('schema_expressions', nonEmpty(schema.length > 0 ? [listExpression(schema)] : [])),
    ...given('tablespace_expressions', nonEmpty(tablespace.length > 0 ? [listExpression(tablespace)] : [])),
  };
}

const nonEmpty = (texts: readonly string[]): readonly string[] | undefined =>
  texts.length === 0 ? undefined : texts;

/** `IN ('a', 'b')`, quotes doubled. */
const listExpression = (names: readonly string[]): string =>
  `IN (${names.map((name) => `'${name.replaceAll("'", "''")}'`).join(', ')})`;

function parseThreads(text: string): number {
  const threads = Number(text);
  if (!Number.isInteger(threads) || threads < 1) {
    throw new AppError('usage', {
      field: 'threads',
      message: `--threads takes a whole number from 1, not ${JSON.stringify(text)}.`,
    });
  }
  return threads;
}
