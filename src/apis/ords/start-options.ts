import {
  type ColumnExclusion,
  type Compression,
  consistencies,
  contents,
  maskMethods,
  type Remap,
  type TableRemap,
  tableExistsActions,
} from '../../core/request.ts';
import type { MaskInput, ObjectFilterInput, StartExport, StartImport } from '../../service/start-input.ts';
import {
  type Body,
  figure,
  flag,
  invalid,
  objects,
  refuseMember,
  required,
  spell,
  text,
  word,
} from './members.ts';

/*
 * Members that ORDS does not have: what users of Data Pump miss over REST. They are called as in the native API; words are taken in
 * capitals too, and expressions are objects, as everywhere in ORDS.
 */

const bothMembers = ['content', 'include', 'exclude', 'encryption_key'] as const;
const exportMembers = [
  'consistency',
  'query',
  'sample',
  'exclude_columns',
  'mask',
  'encoding',
  'compression',
  'file_size',
  'estimate',
] as const;
const importMembers = [
  'remap_tables',
  'remap_tablespaces',
  'remap_owner',
  'remap_keys',
  'own_files',
  'erase',
  'table_exists_action',
  'globals',
  'dry_run',
] as const;

/** All of them. */
export const extensionMembers: readonly string[] = [...bothMembers, ...exportMembers, ...importMembers];

type ExportOptions = Pick<
  StartExport,
  | 'content'
  | 'include'
  | 'exclude'
  | 'consistency'
  | 'queries'
  | 'samples'
  | 'excludeColumns'
  | 'masks'
  | 'encoding'
  | 'compression'
  | 'encryptionKey'
  | 'fileSize'
  | 'estimate'
>;
type ImportOptions = Pick<
  StartImport,
  | 'content'
  | 'include'
  | 'exclude'
  | 'remapTables'
  | 'remapTablespaces'
  | 'remapOwners'
  | 'remapKeys'
  | 'erase'
  | 'tableExistsAction'
  | 'globals'
  | 'encryptionKey'
  | 'dryRun'
>;

/** Throws `field-invalid` naming the member, also for one that belongs to imports. */
export function exportOptions(request: Body): ExportOptions {
  for (const name of importMembers) refuseMember(request, name, 'an export');
  return given({
    ...contentOptions(request),
    consistency: word(request, 'consistency', consistencies),
    queries: list(request, 'query', (entry, where) => ({
      table: required(entry, where, 'table'),
      where: required(entry, where, 'where'),
    })),
    samples: list(request, 'sample', (entry, where) => ({
      table: text(entry, 'table') ?? null,
      percent: percentOf(entry, where),
    })),
    excludeColumns: list(request, 'exclude_columns', columnsOf),
    masks: list(request, 'mask', maskOf),
    encoding: text(request, 'encoding')?.toLowerCase(),
    compression: compressionOf(request),
    fileSize: figure(request, 'file_size'),
    estimate: flag(request, 'estimate'),
  });
}

/** The same for imports. */
export function importOptions(request: Body): ImportOptions {
  for (const name of exportMembers) refuseMember(request, name, 'an import');
  return given({
    ...contentOptions(request),
    remapTables: list(request, 'remap_tables', tableRemapOf),
    remapTablespaces: list(request, 'remap_tablespaces', remapOf),
    remapOwners: list(request, 'remap_owner', remapOf),
    remapKeys: list(request, 'remap_keys', keyRemapOf),
    erase: flag(request, 'erase'),
    tableExistsAction: word(request, 'table_exists_action', tableExistsActions),
    globals: flag(request, 'globals'),
    dryRun: flag(request, 'dry_run'),
  });
}

const contentOptions = (request: Body) => ({
  content: word(request, 'content', contents),
  include: list(request, 'include', objectFilter),
  exclude: list(request, 'exclude', objectFilter),
  encryptionKey: text(request, 'encryption_key'),
});

const objectFilter = (entry: Body, where: string): ObjectFilterInput => ({
  type: required(entry, where, 'type'),
  nameExpression: (entry.expression ?? null) === null ? null : required(entry, where, 'expression'),
});

/** Files with names, which ORDS writes, are always compressed; Data Pump's words that ask for that are taken too. */
const compressed: readonly string[] = ['zstd', 'all', 'data_only'];
const uncompressed: readonly string[] = ['none', 'metadata_only'];

function compressionOf(request: Body): Compression | undefined {
  const asked = word(request, 'compression', [...compressed, ...uncompressed]);
  if (asked === undefined) return undefined;
  if (compressed.includes(asked)) return 'zstd';
  throw invalid(
    'compression',
    `compression ${asked.toUpperCase()} is not possible: named dump files are always compressed.`,
    'Leave compression out; uncompressed dump sets are folders, which the native API writes.',
  );
}

function percentOf(entry: Body, where: string): number {
  const percent = figure(entry, 'percent', `${where}.percent`);
  if (percent !== undefined) return percent;
  throw invalid(`${where}.percent`, `${where}.percent is missing.`);
}

function columnsOf(entry: Body, where: string): ColumnExclusion {
  const { columns } = entry;
  if (!Array.isArray(columns) || columns.some((column) => typeof column !== 'string')) {
    const field = `${where}.columns`;
    throw invalid(field, `${field} must be an array of strings, not ${spell(columns ?? null)}.`);
  }
  return { table: required(entry, where, 'table'), columns };
}

function maskOf(entry: Body, where: string): MaskInput {
  const method = word(entry, 'method', maskMethods, `${where}.method`);
  if (method === undefined) throw invalid(`${where}.method`, `${where}.method is missing.`);
  return given({
    table: required(entry, where, 'table'),
    column: required(entry, where, 'column'),
    method,
    value: text(entry, 'value'),
    keepFirst: figure(entry, 'keep_first', `${where}.keep_first`),
    keepLast: figure(entry, 'keep_last', `${where}.keep_last`),
  });
}

const remapOf = (entry: Body, where: string): Remap => ({
  source: required(entry, where, 'source'),
  target: required(entry, where, 'target'),
});

/** Either of them may be empty. */
const keyRemapOf = (entry: Body, where: string): Remap => ({
  source: entry.source === '' ? '' : required(entry, where, 'source'),
  target: entry.target === '' ? '' : required(entry, where, 'target'),
});

const tableRemapOf = (entry: Body, where: string): TableRemap => ({
  table: required(entry, where, 'table'),
  target: required(entry, where, 'target'),
});

/** Undefined when the member is absent. */
function list<T>(
  request: Body,
  name: string,
  read: (entry: Body, where: string) => T,
): readonly T[] | undefined {
  if ((request[name] ?? null) === null) return undefined;
  return objects(request, name).map((entry, index) => read(entry, `${name}[${index}]`));
}

type Given<T> = { [K in keyof T]: Exclude<T[K], undefined> };

const given = <T extends object>(input: T): Given<T> =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as Given<T>;
