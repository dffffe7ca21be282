import type { Command } from 'commander';
import type { CommandDefiner } from './define-command.ts';
import { collect } from './job-options.ts';

/** Commands below `database` that make, mend and remove the user that jobs work as. */
export function addInstallationCommands(database: Command, command: CommandDefiner['command']): void {
  const load = () => import('./commands/installation.ts');
  addAdministrator(
    command<import('./commands/installation.ts').InstallFlags>(
      database,
      'install <name>',
      'Make the user that jobs work as, with no more rights than they need, and register the database.',
      async (session, [name = ''], flags) => (await load()).installDatabase(session, name, flags),
    ),
  )
    .option('--user <name>', 'What it is called; default pumphouse_NAME.')
    .option(
      '--user-password-stdin',
      'Read its password from standard input, behind that of the administrator; default: one is made.',
    )
    .option('--read-only', 'For exports alone.')
    .option('--schema <name>', 'Imports may go into this schema only; may repeat.', collect)
    .option('--owner <role>', 'Imports may give things to this role; may repeat.', collect);
  addAdministrator(
    command<import('./commands/installation.ts').AdministratorFlags>(
      database,
      'repair <name>',
      'Put the rights and the password of that user right.',
      async (session, [name = ''], flags) => (await load()).repairDatabase(session, name, flags),
    ),
  );
  addAdministrator(
    command<import('./commands/installation.ts').AdministratorFlags>(
      database,
      'uninstall <name>',
      'Remove that user and forget the database; its data stays.',
      async (session, [name = ''], flags) => (await load()).uninstallDatabase(session, name, flags),
    ),
  );
}

const addAdministrator = (command: Command): Command =>
  command
    .requiredOption(
      '--admin-url <url>',
      'The database, with an administrator of it as user and without password: postgres://postgres@host/database.',
    )
    .option('--password-stdin', 'Read the password of the administrator from standard input.')
    .option('--dry-run', 'Only say what would be done.');
