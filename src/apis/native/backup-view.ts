import Type, { type Static } from 'typebox';
import { type Backup, backupStates, isGood, proofMethods } from '../../core/backup.ts';
import { locationView } from './location.ts';
import { BackupId } from './new-backup-job.ts';
import { Count, nullable, Timestamp, timestamp, words } from './schema-parts.ts';

const Proof = Type.Object(
  {
    method: words(
      proofMethods.filter((method) => method !== 'none'),
      'What was tried.',
    ),
    at: Timestamp('When.'),
    ok: Type.Boolean({ description: 'Whether the backup passed.' }),
    message: Type.String({ description: 'What was compared, or what is wrong.' }),
    job: Type.String({ description: 'Id of the job that tried it.' }),
  },
  { $id: 'BackupProof', description: 'That a backup was tried.' },
);

export const BackupSchema = Type.Object(
  {
    id: BackupId('Ascending over all databases, never used again.'),
    database: Type.String({ description: 'Name of the database.' }),
    engine: Type.String({ description: 'Its engine.' }),
    tag: nullable(
      Type.String({
        description: 'The second of its completion, UTC, unique in the database; null until it is completed.',
        examples: ['TAG20260213T021840'],
      }),
    ),
    state: words(
      backupStates,
      'running; completed or failed; deleting while its files are removed; deleted: they are gone.',
    ),
    good: Type.Boolean({ description: 'Whether it is completed, and no proof spoke against it.' }),
    job: Type.String({ description: 'Id of the job that made it.' }),
    directory: nullable(Type.String({ description: 'Named directory of its dump set.' })),
    location: nullable(Type.String({ description: 'Storage URL of its dump set.' })),
    credential: nullable(
      Type.String({ description: 'Name of the credential that the storage URL is entered with.' }),
    ),
    file_pattern: nullable(
      Type.String({ description: 'What names the set there; null until it was exported.' }),
    ),
    encryption_key: nullable(
      Type.String({ description: 'Name of the credential that it is encrypted with.' }),
    ),
    keep_forever: Type.Boolean({ description: 'Whether retention leaves it alone.' }),
    started_at: Timestamp('When it was begun.'),
    completed_at: nullable(Timestamp('When its dump set was complete.')),
    bytes: nullable(Count('Stored bytes.')),
    rows: nullable(Count('Rows.')),
    position: nullable(
      Type.String({
        description:
          'Where in the history of the database it stands; null where the engine has no such thing.',
        examples: ['16/B374D848'],
      }),
    ),
    error: nullable(Type.String({ description: 'Why it failed.' })),
    proofs: Type.Array(Proof, {
      description:
        'Oldest first. The last one tells how it stands, but a digest does not outweigh a restore that failed.',
    }),
    deleted_at: nullable(Timestamp('When its files were gone.')),
    deleted_reason: nullable(Type.String({ description: 'Why they are removed.' })),
  },
  { $id: 'Backup', description: 'A backup of a database: a dump set with an entry in the catalogue.' },
);
export type BackupView = Static<typeof BackupSchema>;

/** An entry of the catalogue as this API shows it. */
export const backupView = (backup: Backup): BackupView => ({
  id: backup.id,
  database: backup.database,
  engine: backup.engine,
  tag: backup.tag,
  state: backup.state,
  good: isGood(backup),
  job: backup.jobId,
  ...locationView(backup.location),
  file_pattern: backup.filePattern,
  encryption_key: backup.encryptionKey,
  keep_forever: backup.keepForever,
  started_at: timestamp(backup.startedAt),
  completed_at: optionalTime(backup.completedAt),
  bytes: backup.bytes,
  rows: backup.rows,
  position: backup.position,
  error: backup.error,
  proofs: backup.proofs.map(({ method, at, ok, message, jobId }) => ({
    method,
    at: timestamp(at),
    ok,
    message,
    job: jobId,
  })),
  deleted_at: optionalTime(backup.deletedAt),
  deleted_reason: backup.deletedReason,
});

const optionalTime = (ms: number | null): string | null => (ms === null ? null : timestamp(ms));
