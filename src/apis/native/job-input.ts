import { AppError } from '../../core/errors.ts';
import type { LocationRequest } from '../../core/request.ts';
import type { StartCopy, StartExport, StartImport } from '../../service/start-input.ts';
import { decodeLocation, decodeOwnFiles } from './location.ts';
import type { NewJobOf } from './new-job.ts';

/*
 * What bodies of jobs ask the service for. The reverse is in job-body.ts.
 */

export const exportInput = (body: NewJobOf<'export'>): StartExport =>
  defined({
    database: body.database,
    ...selection(body),
    ...reading(body),
    ...place(body),
    encoding: body.encoding,
    compression: body.compression,
    encryptionKey: body.encryption_key,
    fileSize: body.file_size,
    estimate: body.estimate,
  });

export const importInput = (body: NewJobOf<'import'>): StartImport =>
  defined({
    database: body.database,
    ...selection(body),
    ...writing(body),
    ...place(body),
    ownFiles: body.own_files === undefined ? undefined : decodeOwnFiles(body.own_files),
    erase: body.erase,
    encryptionKey: body.encryption_key,
    dryRun: body.dry_run,
  });

export const copyInput = (body: NewJobOf<'copy'>): StartCopy =>
  defined({
    database: body.database,
    target: body.target,
    ...selection(body),
    ...reading(body),
    ...writing(body),
    threads: body.threads,
  });

/** Where a dump set is, and with how many threads it is worked on. */
export const place = (body: NewJobOf<'export' | 'import' | 'verify' | 'dump_copy'>) => ({
  location: decodeLocation(body),
  filePattern: body.file_pattern,
  threads: body.threads,
});

/** Where a dump set is copied to; a copy has no default for it. */
export function target(body: NewJobOf<'dump_copy'>): LocationRequest {
  const { to_directory: directory, to_location: location, to_credential: credential } = body;
  const to = decodeLocation(defined({ directory, location, credential }), 'to_');
  if (to !== undefined) return to;
  throw new AppError('field-invalid', {
    field: 'to_location',
    message: 'to_location is missing, and to_directory too.',
    hint: 'Name the place to copy to: a storage URL as to_location, or a directory as to_directory.',
  });
}

const selection = (body: NewJobOf<'export' | 'import' | 'copy'>) => ({
  mode: body.mode,
  nameExpressions: body.name_expressions,
  schemaExpressions: body.schema_expressions,
  tablespaceExpressions: body.tablespace_expressions,
  content: body.content,
  include: body.include?.map(objectFilter),
  exclude: body.exclude?.map(objectFilter),
});

const objectFilter = (filter: NonNullable<NewJobOf<'export'>['include']>[number]) => ({
  type: filter.type,
  nameExpression: filter.name_expression ?? null,
});

const reading = (body: NewJobOf<'export' | 'copy'>) => ({
  consistency: body.consistency,
  queries: body.query,
  samples: body.sample,
  excludeColumns: body.exclude_columns,
  masks: body.mask?.map(({ keep_first, keep_last, ...mask }) =>
    defined({ ...mask, keepFirst: keep_first, keepLast: keep_last }),
  ),
});

const writing = (body: NewJobOf<'import' | 'copy'>) => ({
  remapSchemas: body.remap_schemas,
  remapTables: body.remap_tables,
  remapTablespaces: body.remap_tablespaces,
  remapOwners: body.remap_owner,
  remapKeys: body.remap_keys,
  tableExistsAction: body.table_exists_action,
  globals: body.globals,
});

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Without the members that were not given: for the service, absent means the default. */
export const defined = <T extends object>(input: T): Defined<T> =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as Defined<T>;
