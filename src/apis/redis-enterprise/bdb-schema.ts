import Type, { type TSchema } from 'typebox';
import { bdbDefaults } from './bdb-defaults.ts';
import { exportReasons, importReasons } from './failure-reasons.ts';
import { destinationSchema, sourceSchema } from './location-schema.ts';

const word = (words: readonly string[], description: string): TSchema =>
  Type.Union(
    words.map((each) => Type.Literal(each)),
    { description },
  );
const progress = Type.Number({ minimum: 0, maximum: 100, description: 'Percent.' });
const moment = (description: string): TSchema =>
  Type.String({ description: `${description} 2026-11-21T03:04:05Z.` });
const runWords = ['', 'idle', 'exporting', 'succeeded', 'failed'];

/** The attributes that something here gives a meaning to. */
const meant: Readonly<Record<string, TSchema>> = {
  uid: Type.Integer({ description: 'The number of the database.' }),
  name: Type.String({ description: 'Letters, digits and hyphens.' }),
  type: Type.String({ description: 'The engine.' }),
  version: Type.String({ description: "The server's version; empty where it was never reached." }),
  redis_version: Type.String({ description: 'Its first two parts.' }),
  status: word(
    [
      'pending',
      'active',
      'active-change-pending',
      'import-pending',
      'delete-pending',
      'creation-failed',
      'recovery',
    ],
    'import-pending while an import loads, else active.',
  ),
  memory_size: Type.Integer({ description: 'Bytes: an estimate of the data.' }),
  created_time: moment('When the database was registered:'),
  last_changed_time: moment('When it was changed last:'),
  endpoints: Type.Array(Type.Object({}, { additionalProperties: true })),
  module_list: Type.Array(Type.Object({}, { additionalProperties: true })),
  shard_list: Type.Array(Type.Integer()),
  background_op: Type.Array(Type.Object({ status: Type.String() }, { additionalProperties: true })),
  export_status: word(runWords, 'Empty until the first export; idle after a reset.'),
  export_progress: progress,
  export_failure_reason: word(['', ...exportReasons], 'Why the last export failed.'),
  last_export_time: moment('When an export succeeded last:'),
  import_status: word(
    ['', 'idle', 'initializing', 'importing', 'succeeded', 'failed'],
    'Empty until the first import; idle after a reset.',
  ),
  import_progress: progress,
  import_failure_reason: Type.Union(
    [
      word(['', ...importReasons], 'Why the last import failed.'),
      Type.String({ pattern: '^file-larger-than-mem-limit:\\d+:\\d+$' }),
    ],
    { description: 'Why the last import failed.' },
  ),
  backup_status: word(runWords, 'Of scheduled backups, which are not there yet.'),
  backup_progress: progress,
  backup_failure_reason: word(['', ...exportReasons], 'Of scheduled backups.'),
  last_backup_time: moment('Of scheduled backups.'),
  backup_location: destinationSchema,
  backup_interval_offset: Type.Integer(),
  skip_import_analyze: word(['enabled', 'disabled'], 'Kept; sources are checked in any case.'),
  dataset_import_sources: Type.Array(sourceSchema, { description: 'Reads as an empty list.' }),
  action_uid: Type.String({ description: 'Of the action that runs; absent when none does.' }),
  tags: Type.Array(Type.Object({ key: Type.String(), value: Type.String() }), {
    description: 'Keys are unique.',
  }),
  email_notification_status: Type.String({
    description: 'Ours: why no mail tells of a run that asked for one; absent where nothing is amiss.',
  }),
};

/** The type of an attribute that keeps its default. */
function typeOf(value: unknown): TSchema {
  switch (typeof value) {
    case 'boolean':
      return Type.Boolean();
    case 'number':
      return Number.isInteger(value) ? Type.Integer() : Type.Number();
    case 'string':
      return Type.String();
    default:
      return Type.Array(Type.Unknown());
  }
}

/** A database object. Every attribute may be missing, since requests name those that they want or change. */
export const bdbSchema = Type.Object(
  Object.fromEntries(
    [
      ...Object.entries(bdbDefaults).map(([key, value]) => [key, typeOf(value)] as const),
      ...Object.entries(meant),
    ]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, schema]) => [key, Type.Optional(schema)]),
  ),
  { $id: 'Bdb', description: 'A database.', additionalProperties: false },
);
