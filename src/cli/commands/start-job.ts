import { AppError } from '../../core/errors.ts';
import type { ApiClient } from '../client.ts';
import { followJob, type JobView } from '../follow-job.ts';
import { locationFields } from '../location.ts';
import type { CommandEnd, Session } from '../session.ts';

interface SelectionFlags {
  readonly mode?: string;
  readonly schema?: readonly string[];
  readonly table?: readonly string[];
  readonly name?: readonly string[];
  readonly tablespace?: readonly string[];
}

interface CommonFlags {
  readonly file?: string;
  readonly threads?: string;
  readonly detach?: boolean;
}

export interface ExportFlags extends SelectionFlags, CommonFlags {
  readonly to?: string;
  readonly encoding?: string;
}

export interface ImportFlags extends SelectionFlags, CommonFlags {
  readonly from: string;
  readonly remapSchema?: readonly string[];
}

export async function startExport(
  session: Session,
  database: string,
  flags: ExportFlags,
): Promise<CommandEnd> {
  return start(session, flags, {
    kind: 'export',
    database,
    ...selection(flags, 'full'),
    ...locationFields(flags.to),
    ...given('file_pattern', flags.file),
    ...given('encoding', flags.encoding),
  });
}

export async function startImport(
  session: Session,
  database: string,
  flags: ImportFlags,
): Promise<CommandEnd> {
  return start(session, flags, {
    kind: 'import',
    database,
    ...selection(flags, undefined),
    ...locationFields(flags.from),
    ...given('file_pattern', flags.file),
    ...given('remap_schemas', flags.remapSchema?.map(parseRemap)),
  });
}

/** `dump verify` is a job too. */
export async function startVerify(
  session: Session,
  location: string,
  flags: CommonFlags,
): Promise<CommandEnd> {
  return start(session, flags, {
    kind: 'verify',
    ...locationFields(location),
    ...given('file_pattern', flags.file),
  });
}

async function start(
  session: Session,
  flags: CommonFlags,
  body: Readonly<Record<string, unknown>>,
): Promise<CommandEnd> {
  const client = await session.client();
  refuseDetached(client, flags);
  const threads = flags.threads === undefined ? undefined : parseThreads(flags.threads);
  const job = await client.json<JobView>({
    method: 'POST',
    path: '/api/v1/jobs',
    body: { ...body, ...given('threads', threads) },
  });
  if (flags.detach === true) {
    session.show(
      job,
      () => `Started ${job.name} (${job.id}). Follow it with: pumphouse jobs watch ${job.id}`,
    );
    return 'ok';
  }
  return followJob(session, job);
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

function parseRemap(text: string): { readonly source: string; readonly target: string } {
  const [source = '', target = '', ...rest] = text.split(':');
  if (source === '' || target === '' || rest.length > 0) {
    throw new AppError('usage', {
      field: 'remap_schemas',
      message: `--remap-schema takes SOURCE:TARGET, not ${JSON.stringify(text)}.`,
    });
  }
  return { source, target };
}

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

const given = (key: string, value: unknown): Readonly<Record<string, unknown>> =>
  value === undefined ? {} : { [key]: value };
