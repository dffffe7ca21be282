import Type, { type Static } from 'typebox';
import { type ProofMethod, proofMethods } from '../../core/backup.ts';
import {
  type ColumnMask as ColumnMaskRequest,
  type CopyRequest,
  compressions,
  consistencies,
  contents,
  type ExportRequest,
  type ImportRequest,
  type JobRequest,
  jobModes,
  type LocationRequest,
  type ReadOptions,
  tableExistsActions,
  type WriteOptions,
} from '../../core/request.ts';
import { locationView, OwnFile, ownFileView } from './location.ts';
import {
  ColumnExclusion,
  ColumnMask,
  ObjectFilter,
  Remap,
  RowQuery,
  RowSample,
  TableRemap,
} from './option-schemas.ts';
import { Count, nullable, Timestamp, timestamp, words } from './schema-parts.ts';

const Texts = (description: string) => Type.Array(Type.String(), { description });

/** What a job was asked for, in the members of the request. Those that its kind does not have are null or empty. */
export const AskedSchema = Type.Object({
  target: nullable(Type.String({ description: 'The database that a copy writes.' })),
  mode: nullable(words(jobModes, 'Null: everything in the dump set.')),
  name_expressions: Texts('Filters on names of objects.'),
  schema_expressions: Texts('Filters on names of schemas.'),
  tablespace_expressions: Texts('Filters on names of tablespaces.'),
  content: nullable(words(contents, 'Rows, definitions or both.')),
  include: Type.Array(ObjectFilter, { description: 'Only objects of these types; empty: of every type.' }),
  exclude: Type.Array(ObjectFilter, { description: 'No objects of these types.' }),
  consistency: nullable(words(consistencies, 'What all rows share.')),
  query: Type.Array(RowQuery, { description: 'Row filters.' }),
  sample: Type.Array(RowSample, { description: 'Random parts of the rows.' }),
  exclude_columns: Type.Array(ColumnExclusion, { description: 'Columns whose values are left out.' }),
  mask: Type.Array(ColumnMask, { description: 'Columns whose values are hidden.' }),
  remap_schemas: Type.Array(Remap, { description: 'New names of schemas.' }),
  remap_tables: Type.Array(TableRemap, { description: 'New names of tables.' }),
  remap_tablespaces: Type.Array(Remap, { description: 'New tablespaces.' }),
  remap_owner: Type.Array(Remap, { description: 'New roles.' }),
  remap_keys: Type.Array(Remap, { description: 'New beginnings of keys.' }),
  table_exists_action: nullable(words(tableExistsActions, 'What becomes of tables that are there already.')),
  globals: Type.Boolean({ description: 'Whether roles and tablespaces are made too.' }),
  erase: Type.Boolean({ description: 'Whether all that the database holds is removed first.' }),
  dry_run: Type.Boolean({ description: 'Whether the import only says what would happen.' }),
  estimate: Type.Boolean({ description: 'Whether the export only estimates.' }),
  backups: Type.Array(Count('Id.'), { description: 'The backups that it is about.' }),
  verify: nullable(words(proofMethods, 'How a backup is proved.')),
  scratch_database: nullable(
    Type.String({ description: 'Registered database that a backup is restored into to prove it.' }),
  ),
  keep_forever: Type.Boolean({ description: 'Whether retention leaves the backup alone.' }),
  force: Type.Boolean({ description: 'Whether also the last good backup is removed.' }),
  in_place: Type.Boolean({ description: 'Whether a restore replaces what the database holds.' }),
  keep_old: Type.Boolean({ description: 'Whether what it replaces is kept under another name.' }),
  workspace: nullable(
    Type.String({ description: 'Id of the workspace of a run or of an import of definitions.' }),
  ),
  definition: nullable(
    Type.String({ description: 'The definition that runs; `script:NAME` where a script runs by itself.' }),
  ),
  version: nullable(Count('Which version of it; 0: the draft.')),
  planned_at: nullable(Timestamp('The time of the schedule that a run is for.')),
  source: nullable(Type.String({ description: 'Where imported definitions come from.' })),
  directory: nullable(Type.String({ description: 'Named directory of the dump files.' })),
  location: nullable(Type.String({ description: 'Storage URL of the dump files.' })),
  credential: nullable(
    Type.String({ description: 'Name of the credential that the storage URL is entered with.' }),
  ),
  own_files: Type.Array(OwnFile, {
    description: 'Files of the own format of the database, instead of a dump set.',
  }),
  file_pattern: nullable(Type.String({ description: 'Null: a folder.' })),
  encoding: nullable(Type.String({ description: 'Null for jobs that do not write dump files.' })),
  compression: nullable(words(compressions, 'Null for jobs that do not write dump files.')),
  encryption_key: nullable(
    Type.String({ description: 'Name of the credential that the dump files are encrypted with.' }),
  ),
  file_size: nullable(Count('Bytes that no numbered dump file but the first may grow beyond.')),
  to_directory: nullable(Type.String({ description: 'Named directory that a dump set is copied to.' })),
  to_location: nullable(Type.String({ description: 'Storage URL that a dump set is copied to.' })),
  to_credential: nullable(Type.String({ description: 'Name of the credential of that URL.' })),
});
export type AskedView = Static<typeof AskedSchema>;

/** What the job was asked for. */
export function askedView(request: JobRequest): AskedView {
  const moves = isMove(request) ? request : null;
  const selection = moves?.selection ?? null;
  const reads = request.kind === 'export' || request.kind === 'copy' ? request : null;
  const writes = request.kind === 'import' || request.kind === 'copy' ? request : null;
  const ownFiles = request.kind === 'import' ? request.ownFiles : null;
  const placed = 'location' in request ? request : null;
  return {
    target: request.kind === 'copy' ? request.target : null,
    mode: selection?.mode ?? null,
    name_expressions: [...(selection?.nameExpressions ?? [])],
    schema_expressions: [...(selection?.schemaExpressions ?? [])],
    tablespace_expressions: [...(selection?.tablespaceExpressions ?? [])],
    content: moves?.content ?? null,
    include: filterViews(moves?.include ?? []),
    exclude: filterViews(moves?.exclude ?? []),
    ...readView(reads),
    ...writeView(writes),
    ...backupAskedView(request),
    ...runAskedView(request),
    erase: request.kind === 'import' && request.erase,
    dry_run: request.kind === 'import' && request.dryRun,
    estimate: request.kind === 'export' && request.estimate,
    ...(placed === null || ownFiles !== null ? noPlace : locationView(placed.location)),
    own_files: (ownFiles ?? []).map(ownFileView),
    file_pattern: placed?.filePattern ?? null,
    encoding: request.kind === 'export' ? request.encoding : null,
    compression: request.kind === 'export' ? request.compression : null,
    encryption_key: request.kind === 'export' || request.kind === 'import' ? request.encryptionKey : null,
    file_size: request.kind === 'export' ? request.fileSize : null,
    ...(request.kind === 'dump_copy' ? targetView(request.to) : noTarget),
  };
}

/** What runs and imports of definitions have of their own. Values of parameters are left out: they may be secrets. */
function runAskedView(
  request: JobRequest,
): Pick<AskedView, 'workspace' | 'definition' | 'version' | 'planned_at' | 'source'> {
  const run = request.kind === 'run' ? request : null;
  const brought = request.kind === 'definition_import' ? request : null;
  const plannedAt = run?.plannedAt ?? null;
  return {
    workspace: (run ?? brought)?.workspace ?? null,
    definition: run?.definitionName ?? null,
    version: run?.version ?? null,
    planned_at: plannedAt === null ? null : timestamp(plannedAt),
    source: brought?.source ?? null,
  };
}

/** What jobs on backups have of their own. */
function backupAskedView(request: JobRequest): BackupAsked {
  const restore = request.kind === 'restore' ? request : null;
  const inPlace = restore?.how.type === 'in_place' ? restore.how : null;
  return {
    backups: backupsOf(request),
    verify: proofOf(request),
    scratch_database:
      request.kind === 'backup_verify'
        ? request.scratchDatabase
        : request.kind === 'backup'
          ? request.policy.scratchDatabase
          : null,
    keep_forever: request.kind === 'backup' && request.keepForever,
    force: request.kind === 'backup_delete' && request.force,
    in_place: inPlace !== null,
    keep_old: inPlace?.keepOld ?? false,
    ...(restore?.how.type === 'into' ? { table_exists_action: restore.how.tableExistsAction } : {}),
  };
}

type BackupAsked = Pick<
  AskedView,
  'backups' | 'verify' | 'scratch_database' | 'keep_forever' | 'force' | 'in_place' | 'keep_old'
> &
  Partial<Pick<AskedView, 'table_exists_action'>>;

function backupsOf(request: JobRequest): number[] {
  if (request.kind === 'backup_delete') return request.backups.map(({ id }) => id);
  return request.kind === 'backup_verify' || request.kind === 'restore' ? [request.backup] : [];
}

function proofOf(request: JobRequest): ProofMethod | null {
  if (request.kind === 'backup') return request.policy.verify;
  return request.kind === 'backup_verify' ? request.method : null;
}

/** Whether the job reads or writes a database. */
const isMove = (request: JobRequest): request is ExportRequest | ImportRequest | CopyRequest =>
  request.kind === 'export' || request.kind === 'import' || request.kind === 'copy';

const noPlace = { directory: null, location: null, credential: null };
const noTarget = { to_directory: null, to_location: null, to_credential: null };

function targetView(to: LocationRequest): Pick<AskedView, keyof typeof noTarget> {
  const { directory, location, credential } = locationView(to);
  return { to_directory: directory, to_location: location, to_credential: credential };
}

const filterViews = (filters: ReadOptions['include']): AskedView['include'] =>
  filters.map(({ type, nameExpression }) => ({ type, name_expression: nameExpression }));

const readView = (options: ReadOptions | null) => ({
  consistency: options?.consistency ?? null,
  query: (options?.queries ?? []).map(({ table, where }) => ({ table, where })),
  sample: (options?.samples ?? []).map(({ table, percent }) => ({ table, percent })),
  exclude_columns: (options?.excludeColumns ?? []).map(({ table, columns }) => ({
    table,
    columns: [...columns],
  })),
  mask: (options?.masks ?? []).map(maskView),
});

function maskView({ table, column, mask }: ColumnMaskRequest): AskedView['mask'][number] {
  const place = { table, column, method: mask.method };
  switch (mask.method) {
    case 'null':
    case 'hash':
      return place;
    case 'constant':
      return { ...place, value: mask.value };
    case 'partial':
      return { ...place, keep_first: mask.keepFirst, keep_last: mask.keepLast };
    default:
      return mask satisfies never;
  }
}

const writeView = (options: WriteOptions | null) => ({
  remap_schemas: (options?.remaps.schemas ?? []).map(({ source, target }) => ({ source, target })),
  remap_tables: (options?.remaps.tables ?? []).map(({ table, target }) => ({ table, target })),
  remap_tablespaces: (options?.remaps.tablespaces ?? []).map(({ source, target }) => ({ source, target })),
  remap_owner: (options?.remaps.owners ?? []).map(({ source, target }) => ({ source, target })),
  remap_keys: (options?.remaps.keyPrefixes ?? []).map(({ source, target }) => ({ source, target })),
  table_exists_action: options?.tableExistsAction ?? null,
  globals: options?.globals ?? false,
});
