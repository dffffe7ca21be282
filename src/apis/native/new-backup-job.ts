import Type, { type Static } from 'typebox';
import { proofMethods } from '../../core/backup.ts';
import { tableExistsActions } from '../../core/request.ts';
import { Mail, Priority, Threads } from './job-fields.ts';
import { words } from './schema-parts.ts';

const closed = { additionalProperties: false };

/** Id of an entry of the catalogue. */
export const BackupId = (description: string) => Type.Integer({ minimum: 1, description });

export const NewBackup = Type.Object(
  {
    kind: Type.Literal('backup'),
    database: Type.String({ description: 'Name of the registered database; its policy says the rest.' }),
    keep_forever: Type.Optional(
      Type.Boolean({ description: 'Whether retention leaves it alone; false by default.' }),
    ),
    ...Priority,
    ...Mail,
  },
  { $id: 'NewBackup', ...closed },
);

export const NewBackupVerify = Type.Object(
  {
    kind: Type.Literal('backup_verify'),
    backup: BackupId('Id of the backup.'),
    method: Type.Optional(
      words(
        proofMethods.filter((method) => method !== 'none'),
        'digest (the default): every file is read against its digests. restore: it is restored into a scratch database, and compared.',
      ),
    ),
    scratch_database: Type.Optional(
      Type.String({
        description:
          'With restore: a registered database that may be emptied and filled; by default that of the policy, else one is made and dropped.',
      }),
    ),
    ...Threads,
    ...Priority,
    ...Mail,
  },
  { $id: 'NewBackupVerify', ...closed },
);

export const NewBackupDelete = Type.Object(
  {
    kind: Type.Literal('backup_delete'),
    database: Type.String({ description: 'Name of the database whose backups they are.' }),
    backups: Type.Array(BackupId('Id of a backup.'), {
      minItems: 1,
      maxItems: 1000,
      description: 'Backups whose files are removed, also those that are kept for ever.',
    }),
    force: Type.Optional(
      Type.Boolean({
        description: 'Also the last one that the database could be restored from; false by default.',
      }),
    ),
    ...Priority,
    ...Mail,
  },
  { $id: 'NewBackupDelete', ...closed },
);

export const NewRestore = Type.Object(
  {
    kind: Type.Literal('restore'),
    database: Type.String({ description: 'Name of the registered database that is written.' }),
    from: Type.Optional(
      Type.String({
        description:
          'Name of the database whose backup it is; by default the one that is written, or that of `backup`.',
      }),
    ),
    backup: Type.Optional(
      BackupId(
        'Id of the backup. At most one of backup, tag, time and position; with none of them the latest.',
      ),
    ),
    tag: Type.Optional(Type.String({ description: 'Its tag.', examples: ['TAG20260213T021840'] })),
    time: Type.Optional(
      Type.String({ format: 'date-time', description: 'The newest that was completed by then.' }),
    ),
    position: Type.Optional(
      Type.String({
        description: 'The newest that stands there or before in the history of the database.',
        examples: ['16/B374D848'],
      }),
    ),
    in_place: Type.Optional(
      Type.Boolean({
        description:
          'Whether what the database holds gives way to the backup. False by default: the backup is imported, and the database must have room for it.',
      }),
    ),
    keep_old: Type.Optional(
      Type.Boolean({
        description: 'With in_place: keep what was replaced under another name, where the engine can.',
      }),
    ),
    table_exists_action: Type.Optional(
      words(
        tableExistsActions,
        'Without in_place: what becomes of a table that is there already, as imports have it.',
      ),
    ),
    ...Threads,
    ...Priority,
    ...Mail,
  },
  { $id: 'NewRestore', ...closed },
);

export type NewBackupVerify = Static<typeof NewBackupVerify>;
export type NewRestore = Static<typeof NewRestore>;
