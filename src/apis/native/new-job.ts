import Type, { type Static } from 'typebox';
import { compressions, jobModes, leastFileSize } from '../../core/request.ts';
import { Mail, Priority, Threads } from './job-fields.ts';
import { locationFields, OwnFile, targetFields } from './location.ts';
import { NewBackup, NewBackupDelete, NewBackupVerify, NewRestore } from './new-backup-job.ts';
import { contentFields, readFields, writeFields } from './option-schemas.ts';
import { nullable, words } from './schema-parts.ts';

const expressions = (what: string) =>
  Type.Optional(
    Type.Array(Type.String(), {
      description: `Tails of SQL predicates on ${what} (\`LIKE 'EMP%'\`, \`IN ('A', 'B')\`); all have to hold.`,
    }),
  );

const Database = { database: Type.String({ description: 'Name of the registered database.' }) };
const Selection = {
  mode: Type.Optional(
    words(
      jobModes,
      "What the job is about. Exports and copies: schema with the caller's own schema by default; imports: all that the set holds.",
    ),
  ),
  name_expressions: expressions('the names of objects; in mode table, of tables'),
  schema_expressions: expressions('the names of schemas'),
  tablespace_expressions: expressions('the names of tablespaces'),
};
const filePattern = (description: string) => ({
  file_pattern: Type.Optional(nullable(Type.String({ description }))),
});
export const NewExport = Type.Object(
  {
    kind: Type.Literal('export'),
    ...Database,
    ...Selection,
    ...contentFields,
    ...readFields,
    ...locationFields,
    ...filePattern(
      "Names of the dump files: `EXPDAT%U.DMP` for numbered ones, `one.dmp` for a single one, `cache-%I_of_%N.gz` for files of the engine's own format without a manifest; null for a folder named like the job.",
    ),
    encoding: Type.Optional(
      Type.String({
        description:
          'How rows are written: text, binary or another that the engine of the database has; the first of its encodings by default.',
        examples: ['text'],
      }),
    ),
    compression: Type.Optional(
      words(
        compressions,
        "How the dump files are stored; zstd by default. gzip and none need a folder: no file_pattern. Files of the engine's own format are gzip or none, by default as their names end.",
      ),
    ),
    encryption_key: Type.Optional(
      Type.String({
        description:
          'Name of a credential of the type encryption: the dump files are encrypted with its secret. Not encrypted by default.',
      }),
    ),
    file_size: Type.Optional(
      Type.Integer({
        minimum: leastFileSize,
        description:
          'Bytes that no numbered dump file but the first may grow beyond; needs a file_pattern with %U.',
      }),
    ),
    estimate: Type.Optional(
      Type.Boolean({
        description:
          'Only estimate rows and bytes, table by table: nothing is read or written; see the report of the job.',
      }),
    ),
    ...Threads,
    ...Priority,
    ...Mail,
  },
  { $id: 'NewExport', additionalProperties: false },
);

export const NewImport = Type.Object(
  {
    kind: Type.Literal('import'),
    ...Database,
    ...Selection,
    ...contentFields,
    ...writeFields,
    ...locationFields,
    ...filePattern(
      'As given to the export, or the name of the folder; null when the location itself is the folder.',
    ),
    own_files: Type.Optional(
      Type.Array(OwnFile, {
        minItems: 1,
        maxItems: 1000,
        description:
          'Instead of a dump set: files of the own format of the database, packed with gzip or not. All are read to the end before anything is written.',
        examples: [[{ location: 's3://bucket/cache', credential: 'minio', file: 'cache-1_of_1.gz' }]],
      }),
    ),
    erase: Type.Optional(
      Type.Boolean({
        description:
          'Remove everything that the database holds, also what nothing is brought for, once the source was checked from end to end. False by default.',
      }),
    ),
    encryption_key: Type.Optional(
      Type.String({ description: 'Name of the credential that the dump set was encrypted with.' }),
    ),
    dry_run: Type.Optional(
      Type.Boolean({
        description: 'Only say, object by object, what would happen; see the report of the job.',
      }),
    ),
    ...Threads,
    ...Priority,
    ...Mail,
  },
  { $id: 'NewImport', additionalProperties: false },
);

export const NewCopy = Type.Object(
  {
    kind: Type.Literal('copy'),
    database: Type.String({ description: 'Name of the registered database to read.' }),
    target: Type.String({
      description: 'Name of the registered database to write.',
      examples: ['shop_copy'],
    }),
    ...Selection,
    ...contentFields,
    ...readFields,
    ...writeFields,
    ...Threads,
    ...Priority,
    ...Mail,
  },
  { $id: 'NewCopy', additionalProperties: false },
);

const NewVerify = Type.Object(
  {
    kind: Type.Literal('verify'),
    ...locationFields,
    ...filePattern(
      'As given to the export, or the name of the folder; null when the location itself is the folder.',
    ),
    ...Threads,
    ...Priority,
    ...Mail,
  },
  { $id: 'NewVerify', additionalProperties: false },
);

const setPattern = filePattern(
  'File pattern, file or folder of the set; null when the location itself is the folder.',
);

const NewDumpCopy = Type.Object(
  {
    kind: Type.Literal('dump_copy'),
    ...locationFields,
    ...setPattern,
    ...targetFields,
    ...Threads,
    ...Priority,
    ...Mail,
  },
  { $id: 'NewDumpCopy', additionalProperties: false },
);

const NewDumpDelete = Type.Object(
  { kind: Type.Literal('dump_delete'), ...locationFields, ...setPattern, ...Priority, ...Mail },
  { $id: 'NewDumpDelete', additionalProperties: false },
);

/** The body of a request for a job; `kind` tells which. */
export const NewJob = Type.Union(
  [
    NewExport,
    NewImport,
    NewCopy,
    NewVerify,
    NewDumpCopy,
    NewDumpDelete,
    NewBackup,
    NewBackupVerify,
    NewBackupDelete,
    NewRestore,
  ],
  { description: 'A job to start; `kind` tells which.' },
);
export type NewJob = Static<typeof NewJob>;
/** What a body of that kind has. */
export type NewJobOf<K extends NewJob['kind']> = Extract<NewJob, { kind: K }>;
