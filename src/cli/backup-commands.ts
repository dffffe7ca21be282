import { Option } from 'commander';
import { proofMethods } from '../core/backup.ts';
import { tableExistsActions } from '../core/request.ts';
import { missedRuns, overlaps } from '../core/schedule.ts';
import type { CommandDefiner } from './define-command.ts';
import { addCredentialFlag, addRunning, reaching, running } from './job-options.ts';

const policyExamples = `
Examples:
  pumphouse backup policy set shop --to BACKUPS --every '30 2 * * *' --time-zone Europe/Zurich --keep-daily 7 --keep-weekly 4
  pumphouse backup policy set cache --to s3://bucket/cache --credential minio --keep-last 3 --verify restore --scratch cache_test
`;

const restoreExamples = `
Examples:
  pumphouse backup restore shop_test --from shop
  pumphouse backup restore shop --time 2026-11-20T18:00:00Z --in-place --keep-old
`;

/** Commands about backups, what starts by itself, and what happened. */
export function addBackupCommands({ command, group }: CommandDefiner): void {
  const backup = group('backup', 'Backups: dump sets with a policy, a tag, a life time and a proof.');
  const policy = group('policy', 'How databases are backed up.', backup);
  addCredentialFlag(
    command<import('./commands/backup-policy.ts').PolicyFlags>(
      policy,
      'set <database>',
      'Say how a database is backed up; replaces what was said before.',
      async (session, [database = ''], flags) =>
        (await import('./commands/backup-policy.ts')).setPolicy(session, database, flags),
      reaching,
    ).requiredOption('--to <location>', 'Directory name, path or storage URL.'),
  )
    .option('--every <cron>', 'When, like "30 2 * * *": minute, hour, day, month, weekday.')
    .option('--time-zone <zone>', 'Whose hours and days, like Europe/Zurich; default UTC.')
    .addOption(
      new Option(
        '--missed <what>',
        'Of the times that went by while the service was down, what is made up for; default once.',
      ).choices(missedRuns),
    )
    .addOption(
      new Option('--overlap <what>', 'When the backup before still works; default skip.').choices(overlaps),
    )
    .option('--keep-last <n>', 'Keep the newest n.')
    .option('--keep-daily <n>', 'Keep the newest of each of the last n days.')
    .option('--keep-weekly <n>', 'Keep the newest of each of the last n weeks.')
    .option('--keep-monthly <n>', 'Keep the newest of each of the last n months.')
    .option('--keep-days <n>', 'Keep all that are younger than n days.')
    .option('--encrypt <credential>', 'Encrypt the backups with the secret of this credential.')
    .addOption(
      new Option('--verify <method>', 'What proves a new backup; default digest.').choices(proofMethods),
    )
    .option(
      '--scratch <database>',
      'Registered database that may be emptied and filled to prove a backup, where none can be made for it.',
    )
    .option('--threads <n>', 'The most tasks at once; default 1.')
    .option('--priority <n>', 'Of its backups, from -10 to 10: jobs of a higher one go first; default 0.')
    .addHelpText('after', policyExamples);
  command(policy, 'show <database>', 'Show how a database is backed up.', async (session, [name = '']) =>
    (await import('./commands/backup-policy.ts')).showPolicy(session, name),
  );
  command(policy, 'list', 'List the databases that are backed up.', async (session) =>
    (await import('./commands/backup-policy.ts')).listPolicies(session),
  );
  command(
    policy,
    'remove <database>',
    'Back a database up no more; its backups stay.',
    async (session, [name = '']) => (await import('./commands/backup-policy.ts')).removePolicy(session, name),
  );

  addRunning(
    command<import('./commands/backup-jobs.ts').StartBackupFlags>(
      backup,
      'start <database>',
      'Back a database up by its policy.',
      async (session, [name = ''], flags) =>
        (await import('./commands/backup-jobs.ts')).startBackup(session, name, flags),
      running,
    ).option('--keep-forever', 'Retention leaves it alone.'),
    false,
  );
  command<{ all?: boolean }>(
    backup,
    'list [database]',
    'List the backups, newest first.',
    async (session, [database], flags) =>
      (await import('./commands/backup.ts')).listBackups(session, database, flags),
  ).option('--all', 'Also those whose files are gone.');
  command(backup, 'show <id>', 'Show a backup and its proofs.', async (session, [id = '']) =>
    (await import('./commands/backup.ts')).showBackup(session, id),
  );
  command<{ off?: boolean }>(
    backup,
    'keep <id>',
    'Keep a backup for ever, whatever the policy says.',
    async (session, [id = ''], flags) =>
      (await import('./commands/backup.ts')).keepBackup(session, id, flags),
  ).option('--off', 'Let retention have it again.');
  addRunning(
    command<import('./commands/backup-jobs.ts').VerifyBackupFlags>(
      backup,
      'verify <id>',
      'Prove that a backup can be read or restored.',
      async (session, [id = ''], flags) =>
        (await import('./commands/backup-jobs.ts')).verifyBackup(session, id, flags),
      running,
    )
      .addOption(
        new Option(
          '--method <method>',
          'digest: read every byte (the default). restore: restore it into a scratch database, and compare.',
        ).choices(proofMethods.filter((method) => method !== 'none')),
      )
      .option('--scratch <database>', 'Registered database that may be emptied and filled for it.'),
  );
  addRunning(
    command<import('./commands/backup-jobs.ts').RestoreFlags>(
      backup,
      'restore <database>',
      'Bring a backup back: the latest, unless an option says which.',
      async (session, [name = ''], flags) =>
        (await import('./commands/backup-jobs.ts')).restore(session, name, flags),
      running,
    )
      .option('--from <database>', 'Whose backup; default: the database that is restored.')
      .option('--id <id>', 'The backup of this id.')
      .option('--tag <tag>', 'The backup with this tag.')
      .option('--time <time>', 'The newest that was completed by then, like 2026-11-20T18:00:00Z.')
      .option(
        '--position <position>',
        'The newest that stands there or before in the history of the database.',
      )
      .option('--in-place', 'What the database holds gives way to the backup.')
      .option('--keep-old', 'With --in-place: keep what is replaced under another name.')
      .addOption(
        new Option(
          '--table-exists <action>',
          'Without --in-place: what becomes of a table that is there already; default: it refuses the job.',
        ).choices(tableExistsActions),
      )
      .addHelpText('after', restoreExamples),
  );
  addRunning(
    command<import('./commands/backup-jobs.ts').DeleteBackupFlags>(
      backup,
      'delete <id...>',
      'Remove the files of backups of one database.',
      async (session, ids, flags) =>
        (await import('./commands/backup-jobs.ts')).deleteBackups(session, ids, flags),
      running,
    )
      .option('--force', 'Also the last one that the database could be restored from.')
      .option('--yes', 'Do not ask.'),
    false,
  );
  addRunning(
    command<import('./commands/backup-jobs.ts').PruneFlags>(
      backup,
      'prune <database>',
      'Remove what the rules of the policy do not keep, as each new backup does.',
      async (session, [name = ''], flags) =>
        (await import('./commands/backup-jobs.ts')).pruneBackups(session, name, flags),
      running,
    ).option('--dry-run', 'Only say what would be kept and removed, and why.'),
    false,
    false,
  );

  const schedule = group('schedule', 'What starts by itself.');
  command(schedule, 'list', 'List what starts by itself, and when.', async (session) =>
    (await import('./commands/schedule.ts')).listSchedules(session),
  );
}
