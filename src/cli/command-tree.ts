import { type Command, Option } from 'commander';
import { roles } from '../core/permission.ts';
import { compressions } from '../core/request.ts';
import { addBackupCommands } from './backup-commands.ts';
import { addConfigCommands } from './config-commands.ts';
import type { CommandDefiner } from './define-command.ts';
import { addDefinitionCommands } from './definition-commands.ts';
import { addDumpCommands } from './dump-commands.ts';
import { addInstallationCommands } from './installation-commands.ts';
import {
  addCredentialFlag,
  addReading,
  addRunning,
  addSelection,
  addWriting,
  collect,
  reaching,
  running,
} from './job-options.ts';
import { addPlaceCommands } from './place-commands.ts';
import { addStoreCommands } from './store-commands.ts';
import { addWorkspaceCommands } from './workspace-commands.ts';

/** Every command with its arguments and options. What it does is loaded when it is called, so that start-up stays quick. */
export function addCommands(program: Command, { command, group }: CommandDefiner): void {
  command(
    program,
    'serve',
    'Run the service.',
    async (session) => (await import('./commands/serve.ts')).serve(session),
    { reads: ['all', 'serve', 'places', 'jobs'], json: false },
  );
  command<{ keep?: boolean }>(
    program,
    'demo',
    'Export and import a generated sample database through the ORDS API, and compare both row by row.',
    async (session, _args, { keep = false }) =>
      (await import('./demo/demo.ts')).runDemo(session.host, { keep }),
    { reads: [], json: false },
  ).option('--keep', 'Leave the service running afterwards.');

  const database = group('database', 'Registered databases.');
  command<{ passwordStdin?: boolean; shared?: boolean }>(
    database,
    'add <name> <url>',
    'Register a database: postgres://user@host:port/database or sqlite:/path/to/file.',
    async (session, [name = '', url = ''], flags) =>
      (await import('./commands/database.ts')).addDatabase(session, name, url, flags),
  )
    .option('--password-stdin', 'Read the password of the database user from standard input.')
    .option('--shared', 'Of a file: every instance that shares the store mounts its folder under this path.');
  command(database, 'list', 'List the databases.', async (session) =>
    (await import('./commands/database.ts')).listDatabases(session),
  );
  addCredentialFlag(
    command<{ for: string; at?: string; credential?: string }>(
      database,
      'test <name>',
      'Connect, and look for what would make a job fail.',
      async (session, [name = ''], flags) =>
        (await import('./commands/database.ts')).testDatabase(session, name, flags),
      reaching,
    )
      .addOption(
        new Option('--for <purpose>', 'What to test for.').choices(['export', 'import']).default('export'),
      )
      .option('--at <location>', 'Where the dump files would be: directory name, path or storage URL.'),
  );
  command(
    database,
    'remove <name>',
    'Forget a database; the database itself stays.',
    async (session, [name = '']) => (await import('./commands/database.ts')).removeDatabase(session, name),
  );

  addInstallationCommands(database, command);

  const user = group('user', 'Users of the service.');
  command<{ role: string; passwordStdin?: boolean; database?: string[] }>(
    user,
    'add <name>',
    'Add a user.',
    async (session, [name = ''], flags) => (await import('./commands/user.ts')).addUser(session, name, flags),
  )
    .requiredOption('--role <role>', `One of ${roles.join(', ')}; or 'SQL Administrator', 'SQL Developer'.`)
    .option('--password-stdin', 'Read the password from standard input.')
    .option('--database <name>', 'Grant a developer this database; may repeat.', collect);
  command(user, 'list', 'List the users.', async (session) =>
    (await import('./commands/user.ts')).listUsers(session),
  );
  command(
    user,
    'remove <name>',
    'Remove a user, and the credentials that belong to him.',
    async (session, [name = '']) => (await import('./commands/user.ts')).removeUser(session, name),
  );

  const key = group('key', 'Access keys of users: pairs of an id and a secret that sign requests.', user);
  command(
    key,
    'add <name>',
    'Make an access key for a user; its secret is shown once.',
    async (session, [name = '']) => (await import('./commands/access-key.ts')).addAccessKey(session, name),
  );
  command(key, 'list <name>', 'List the access keys of a user.', async (session, [name = '']) =>
    (await import('./commands/access-key.ts')).listAccessKeys(session, name),
  );
  command(
    key,
    'remove <id>',
    'Remove an access key: what it signs is refused from then on.',
    async (session, [id = '']) => (await import('./commands/access-key.ts')).removeAccessKey(session, id),
  );

  addPlaceCommands({ command, group });

  const exporting = command<import('./commands/start-job.ts').ExportFlags>(
    program,
    'export <database>',
    'Export a database, or a part of it.',
    async (session, [name = ''], flags) =>
      (await import('./commands/start-job.ts')).startExport(session, name, flags),
    running,
  );
  addReading(addSelection(exporting))
    .option('--to <location>', 'Directory name, path or storage URL; default DATA_PUMP_DIR.')
    .option(
      '--file <pattern>',
      "EXPDAT%U.DMP for numbered files, one.dmp for a single one, cache-%I_of_%N.gz for files of the engine's own format; default a folder named like the job.",
    )
    .option(
      '--encoding <encoding>',
      'How rows are written: text, binary or another that the engine has; default its first.',
    )
    .addOption(
      new Option(
        '--compression <compression>',
        "How the files are stored; default zstd, for files of the engine's own format gzip if their name ends in .gz.",
      ).choices(compressions),
    )
    .option('--encrypt <credential>', 'Encrypt the dump files with the secret of this credential.')
    .option(
      '--file-size <size>',
      'What no numbered dump file but the first may grow beyond, like 500MB or 5GB; needs %U in --file.',
    )
    .option('--estimate', 'Only estimate rows and sizes; nothing is read or written.');
  addRunning(addCredentialFlag(exporting));

  const importing = command<import('./commands/start-job.ts').ImportFlags>(
    program,
    'import <database>',
    'Import a dump set, or a part of it, or files of the own format of a database.',
    async (session, [name = ''], flags) =>
      (await import('./commands/start-job.ts')).startImport(session, name, flags),
    running,
  );
  addWriting(addSelection(importing))
    .option('--from <location>', 'Directory name, path or storage URL.')
    .option(
      '--own-file <file>',
      'Instead of a dump set, a file of the own format of the database, like ./folder/file or s3://bucket/folder/file, or its name below --from; may repeat.',
      collect,
    )
    .option(
      '--erase',
      'Remove everything that the database holds, once all that is read was checked; without it, only what is written changes.',
    )
    .option(
      '--file <pattern>',
      'As given to the export, or the name of its folder; default: the location is the folder.',
    )
    .option('--decrypt <credential>', 'The credential that the dump set was encrypted with.')
    .option('--dry-run', 'Only say, object by object, what would happen.');
  addRunning(addCredentialFlag(importing));

  const copying = command<import('./commands/start-job.ts').CopyFlags>(
    program,
    'copy <source> <target>',
    'Copy a database, or a part of it, into another one without files.',
    async (session, [source = '', target = ''], flags) =>
      (await import('./commands/start-job.ts')).startCopy(session, source, target, flags),
    running,
  );
  addRunning(addWriting(addReading(addSelection(copying))));

  const jobs = group(
    'jobs',
    'Jobs: exports, imports, copies, backups, runs and so on. Without ID the newest.',
  );
  command<{ all?: boolean }>(jobs, 'list', 'List the jobs, newest first.', async (session, _args, flags) =>
    (await import('./commands/jobs.ts')).listJobs(session, flags),
  ).option('--all', 'Also those that other jobs started.');
  command(jobs, 'show [id]', 'Show a job.', async (session, [id]) =>
    (await import('./commands/jobs.ts')).showJob(session, id),
  );
  command<{ follow?: boolean }>(jobs, 'log [id]', 'Print the log of a job.', async (session, [id], flags) =>
    (await import('./commands/jobs.ts')).showJobLog(session, id, flags),
  ).option('--follow', 'Go on until the job rests.');
  command(jobs, 'report [id]', 'Show what an estimate or a dry run found.', async (session, [id]) =>
    (await import('./commands/jobs.ts')).showJobReport(session, id),
  );
  command(jobs, 'watch [id]', 'Show the progress of a job until it rests.', async (session, [id]) =>
    (await import('./commands/jobs.ts')).watchJob(session, id),
  );
  command(jobs, 'stop <id>', 'Stop a job; it can be resumed.', async (session, [id = '']) =>
    (await import('./commands/jobs.ts')).stopJob(session, id),
  );
  addRunning(
    command<{ detach?: boolean }>(
      jobs,
      'resume <id>',
      'Go on with a stopped or failed job.',
      async (session, [id = ''], flags) => (await import('./commands/jobs.ts')).resumeJob(session, id, flags),
      running,
    ),
    false,
    false,
  );
  command(
    jobs,
    'cancel <id>',
    'Cancel a job and remove its files.',
    async (session, [id = '']) => (await import('./commands/jobs.ts')).cancelJob(session, id),
    reaching,
  );

  addDumpCommands({ command, group });
  addBackupCommands({ command, group });
  addWorkspaceCommands({ command, group });
  addDefinitionCommands({ command, group });
  command<import('./commands/events.ts').EventFlags>(
    program,
    'events',
    'List what happened to backups and runs, oldest first.',
    async (session, _args, flags) => (await import('./commands/events.ts')).listEvents(session, flags),
  )
    .option('--after <seq>', 'Only events after this number.')
    .option('--follow', 'Go on with events as they come.');

  command(
    program,
    'status',
    'Show how the service is, who shares its store, and which databases and directories it can reach.',
    async (session) => (await import('./commands/status.ts')).showStatus(session),
  );
  addStoreCommands({ command, group });
  addConfigCommands({ command, group });
}
