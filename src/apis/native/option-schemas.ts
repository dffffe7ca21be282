import Type from 'typebox';
import { consistencies, contents, maskMethods, tableExistsActions } from '../../core/request.ts';
import { nullable, words } from './schema-parts.ts';

/*
 * The members of requests that say what of a database is read and how it is written. The views of jobs show the same members, so that what
 * was asked for can be read, and asked for again.
 */

const closed = { additionalProperties: false };

const Table = (description: string) =>
  Type.String({
    description: `${description}: \`hr.emp\`, or \`emp\` in every schema of the selection; names with dots or capitals in double quotes.`,
    examples: ['hr.emp'],
  });

export const ObjectFilter = Type.Object(
  {
    type: Type.String({
      description:
        "Type of the objects: the engine's word (`INDEX`, `FK CONSTRAINT`, `MATERIALIZED VIEW`) or Data Pump's (`REF_CONSTRAINT`).",
      examples: ['INDEX'],
    }),
    name_expression: Type.Optional(
      nullable(
        Type.String({
          description: "Tail of an SQL predicate on the name (`LIKE 'TMP%'`); all names by default.",
          examples: ["LIKE 'TMP%'"],
        }),
      ),
    ),
  },
  { $id: 'ObjectFilter', description: 'Objects of a type, all or some by name.', ...closed },
);

export const RowQuery = Type.Object(
  {
    table: Table('The table'),
    where: Type.String({
      description: 'Predicate on the columns of the table. It is parsed, and never passed on as text.',
      examples: ["salary > 1000 AND dept IN ('A', 'B')"],
    }),
  },
  { $id: 'RowQuery', description: 'Which rows of a table are read.', ...closed },
);

export const RowSample = Type.Object(
  {
    table: Type.Optional(nullable(Table('The table; by default every table that has no sample of its own'))),
    percent: Type.Number({
      exclusiveMinimum: 0,
      maximum: 100,
      description: 'Part of the rows, chosen at random.',
      examples: [5],
    }),
  },
  { $id: 'RowSample', description: 'A random part of the rows.', ...closed },
);

export const ColumnExclusion = Type.Object(
  {
    table: Table('The table'),
    columns: Type.Array(Type.String(), {
      minItems: 1,
      description: 'Names of its columns.',
      examples: [['notes']],
    }),
  },
  { $id: 'ColumnExclusion', description: 'Columns whose values are left out.', ...closed },
);

export const ColumnMask = Type.Object(
  {
    table: Table('The table'),
    column: Type.String({ description: 'The column.', examples: ['email'] }),
    method: words(
      maskMethods,
      'null: no value. constant: the same text in every row. hash: a keyed digest, equal for equal values of one dump set. partial: all but the first and last characters become `*`.',
    ),
    value: Type.Optional(
      Type.String({ description: 'With constant: the text, a value of the type of the column.' }),
    ),
    keep_first: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: 'With partial: characters that stay at the start; 0 by default.',
      }),
    ),
    keep_last: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: 'With partial: characters that stay at the end; 0 by default.',
      }),
    ),
  },
  {
    $id: 'ColumnMask',
    description: 'How the values of a column are hidden, in the database, before they are read.',
    ...closed,
  },
);

export const Remap = Type.Object(
  {
    source: Type.String({ description: 'The old name.', examples: ['hr'] }),
    target: Type.String({ description: 'The new name.', examples: ['hr_test'] }),
  },
  { $id: 'Remap', description: 'A new name for an old one.', ...closed },
);

export const TableRemap = Type.Object(
  {
    table: Table('The table'),
    target: Type.String({ description: 'Its new name; the schema stays.', examples: ['emp_old'] }),
  },
  { $id: 'TableRemap', description: 'A new name for a table.', ...closed },
);

const filters = (description: string) =>
  Type.Optional(
    Type.Array(ObjectFilter, {
      description,
      examples: [[{ type: 'INDEX', name_expression: "LIKE 'TMP%'" }]],
    }),
  );

/** Which of the objects: exports, imports and copies. */
export const contentFields = {
  content: Type.Optional(
    words(contents, 'Rows, definitions, or both: all (the default), data_only, metadata_only.'),
  ),
  include: filters(
    'Only objects of these types; by default of every type. What a table consists of comes with it.',
  ),
  exclude: filters('No objects of these types, after include.'),
};

/** How rows are read: exports and copies. */
export const readFields = {
  consistency: Type.Optional(
    words(
      consistencies,
      'snapshot (the default): all rows are of one instant. table: each table is of one instant, and finished tables stay when the snapshot is lost.',
    ),
  ),
  query: Type.Optional(
    Type.Array(RowQuery, {
      description: 'Row filters; several of one table all have to hold.',
      examples: [[{ table: 'hr.emp', where: 'salary > 1000' }]],
    }),
  ),
  sample: Type.Optional(
    Type.Array(RowSample, {
      description: 'Random parts of the rows.',
      examples: [[{ percent: 10 }, { table: 'hr.log', percent: 0.1 }]],
    }),
  ),
  exclude_columns: Type.Optional(
    Type.Array(ColumnExclusion, {
      description: 'Columns whose values are left out; the table keeps them, with their defaults.',
      examples: [[{ table: 'hr.emp', columns: ['notes'] }]],
    }),
  ),
  mask: Type.Optional(
    Type.Array(ColumnMask, {
      description: 'Columns whose values are hidden.',
      examples: [[{ table: 'hr.emp', column: 'email', method: 'partial', keep_first: 2, keep_last: 4 }]],
    }),
  ),
};

const remaps = (description: string) =>
  Type.Optional(Type.Array(Remap, { description, examples: [[{ source: 'hr', target: 'hr_test' }]] }));

/** How objects are brought into a database: imports and copies. */
export const writeFields = {
  remap_schemas: remaps('Schemas to rename on the way in; one target per source.'),
  remap_tables: Type.Optional(
    Type.Array(TableRemap, {
      description: 'Tables to rename on the way in.',
      examples: [[{ table: 'hr.emp', target: 'emp_old' }]],
    }),
  ),
  remap_tablespaces: remaps('Tablespaces to exchange.'),
  remap_owner: remaps('Roles to exchange wherever the definitions name them: owners, grantees, policies.'),
  remap_keys: Type.Optional(
    Type.Array(Remap, {
      description:
        'New beginnings of keys, for databases whose rows have keys: of those that fit, the longest counts; an empty source fits every key.',
      examples: [[{ source: 'user:', target: 'customer:' }]],
    }),
  ),
  table_exists_action: Type.Optional(
    words(
      tableExistsActions,
      'What becomes of a table that is there already: skip leaves it, append adds the rows, truncate empties it first, replace drops it and makes it anew. Without it such a table refuses the job, or with data_only takes the rows. Where rows have keys, a table that holds rows is one that is there, and skip and replace say which of two rows of one key stays: the old one, or the new.',
    ),
  ),
  globals: Type.Optional(
    Type.Boolean({
      description: 'Also make what lies outside of the database: roles, tablespaces. False by default.',
    }),
  ),
};
