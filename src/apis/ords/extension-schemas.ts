import { Type } from 'typebox';
import {
  consistencies,
  contents,
  leastFileSize,
  maskMethods,
  tableExistsActions,
} from '../../core/request.ts';

/* The members of start requests that ORDS does not have; start-options.ts reads them. */

const word = (choices: readonly string[], description: string) =>
  Type.Optional(
    Type.Union(
      choices.map((choice) => Type.Literal(choice.toUpperCase())),
      { description: `Extension. ${description}` },
    ),
  );
const list = <S extends ReturnType<typeof Type.Object>>(entry: S, description: string, example: unknown) =>
  Type.Optional(Type.Array(entry, { description: `Extension. ${description}`, examples: [[example]] }));
const flag = (description: string) =>
  Type.Optional(Type.Boolean({ description: `Extension. ${description}` }));

const Table = Type.String({
  description: 'HR.EMP, or EMP in every schema of the selection; names with dots in double quotes.',
});
const Remap = Type.Object({ source: Type.String(), target: Type.String() });
const ObjectFilter = Type.Object({
  type: Type.String({ description: 'Type of the objects, such as INDEX or REF_CONSTRAINT.' }),
  expression: Type.Optional(
    Type.String({ description: 'Tail of a predicate on the name; all names where it is left out.' }),
  ),
});

const contentExtensions = {
  content: word(contents, 'Rows, definitions or both. Default ALL.'),
  include: list(ObjectFilter, 'Only objects of these types. Default every type.', { type: 'TABLE' }),
  exclude: list(ObjectFilter, 'No objects of these types, after include.', {
    type: 'INDEX',
    expression: "LIKE 'TMP%'",
  }),
  encryption_key: Type.Optional(
    Type.String({
      description:
        'Extension. Name of a credential of the type encryption of the caller: dump files are encrypted with its secret, or were.',
      examples: ['DUMP_KEY'],
    }),
  ),
};

const readExtensions = {
  consistency: word(
    consistencies,
    'SNAPSHOT: all rows are of one instant; TABLE: those of each table. Default SNAPSHOT.',
  ),
  query: list(
    Type.Object({
      table: Table,
      where: Type.String({ description: 'Predicate on the columns; parsed, never passed on as text.' }),
    }),
    'Row filters; several of one table all have to hold.',
    { table: 'HR.EMP', where: 'salary > 1000' },
  ),
  sample: list(
    Type.Object({
      table: Type.Optional(Table),
      percent: Type.Number({ exclusiveMinimum: 0, maximum: 100, description: 'Part of the rows.' }),
    }),
    'Random parts of the rows; without a table, of every table that has no sample of its own.',
    { percent: 10 },
  ),
  exclude_columns: list(
    Type.Object({ table: Table, columns: Type.Array(Type.String()) }),
    'Columns whose values are left out.',
    { table: 'HR.EMP', columns: ['NOTES'] },
  ),
  mask: list(
    Type.Object({
      table: Table,
      column: Type.String(),
      method: Type.Union(maskMethods.map((method) => Type.Literal(method.toUpperCase()))),
      value: Type.Optional(Type.String({ description: 'With CONSTANT: the text of every row.' })),
      keep_first: Type.Optional(
        Type.Integer({ minimum: 0, description: 'With PARTIAL: characters that stay at the start.' }),
      ),
      keep_last: Type.Optional(
        Type.Integer({ minimum: 0, description: 'With PARTIAL: characters that stay at the end.' }),
      ),
    }),
    'Columns whose values are hidden, in the database, before they are read.',
    { table: 'HR.EMP', column: 'EMAIL', method: 'HASH' },
  ),
  encoding: Type.Optional(
    Type.String({
      description:
        'Extension. How rows are written: TEXT, BINARY or another that the engine of the database has. Default its first.',
    }),
  ),
  compression: word(
    ['zstd', 'all', 'data_only'],
    "How the dump files are stored: always ZSTD, which Data Pump's ALL and DATA_ONLY mean too.",
  ),
  file_size: Type.Optional(
    Type.Integer({
      minimum: leastFileSize,
      description:
        "Extension. Bytes that no dump file but the first may grow beyond, as Data Pump's FILESIZE; needs %U in file_name.",
      examples: [5 * 1024 ** 3],
    }),
  ),
  estimate: flag('Only estimate: no dump file is written, the log tells the size of each table.'),
};

const writeExtensions = {
  remap_tables: list(
    Type.Object({ table: Table, target: Type.String({ description: 'The new name; the schema stays.' }) }),
    'Tables that get another name on the way.',
    { table: 'HR.EMP', target: 'EMP_OLD' },
  ),
  remap_tablespaces: list(Remap, 'Tablespaces to exchange.', { source: 'USERS', target: 'FAST' }),
  remap_owner: list(Remap, 'Roles to exchange wherever the definitions name them.', {
    source: 'HR',
    target: 'HR_TEST',
  }),
  remap_keys: list(
    Remap,
    'New beginnings of keys, for databases whose rows have keys; an empty source fits every key.',
    { source: 'user:', target: 'customer:' },
  ),
  own_files: list(
    Type.Object({
      datapump_dir: Type.Optional(Type.String({ description: 'Default DATA_PUMP_DIR.' })),
      credential_name: Type.Optional(Type.String({ description: 'Then file_name is a URI.' })),
      file_name: Type.String({ description: 'The file.' }),
    }),
    'Instead of file_name: files of the own format of the database, packed with gzip or not.',
    { datapump_dir: 'DATA_PUMP_DIR', file_name: 'cache-1_of_1.gz' },
  ),
  erase: flag('Remove all that the database holds, once the dump files were checked.'),
  table_exists_action: word(
    tableExistsActions,
    'What becomes of a table that is there already. Without it such a table refuses the job, or with content DATA_ONLY takes the rows.',
  ),
  globals: flag('Also make roles and tablespaces.'),
  dry_run: flag('Only tell, object by object, what would happen: in the log.'),
};

export const exportExtensions = { ...contentExtensions, ...readExtensions };
export const importExtensions = { ...contentExtensions, ...writeExtensions };
export const startExtensions = { ...contentExtensions, ...readExtensions, ...writeExtensions };
