import type { CommandDefiner } from './define-command.ts';

const configExamples = `
Examples:
  pumphouse config list --include-defaults
  pumphouse config set threads-max 4 --database shop
  printf '%s\\n' "$PASSWORD" | pumphouse config secret smtp-password --password-stdin
`;

const databaseFlag = '--database <name>';

/** Commands about the config folder. They work where its secrets cannot be opened, so that this can be mended. */
export function addConfigCommands({ command, group }: CommandDefiner): void {
  const config = group('config', 'Settings of the config folder.').addHelpText('after', configExamples);
  const mending = { mends: true } as const;
  command<{ database?: string; includeDefaults?: boolean }>(
    config,
    'list',
    'List the options that are set, with their values and where they came from.',
    async (session, _args, flags) => (await import('./commands/config.ts')).listConfig(session, flags),
    mending,
  )
    .option(databaseFlag, 'Options that can be set for a database alone, as they hold for this one.')
    .option('--include-defaults', 'Also options that have their defaults.');
  command<{ database?: string }>(
    config,
    'get <name>',
    'Print the value of an option.',
    async (session, [name = ''], flags) =>
      (await import('./commands/config.ts')).getConfig(session, name, flags),
    mending,
  ).option(databaseFlag, 'As it holds for this database.');
  command<{ database?: string }>(
    config,
    'set <name> <value>',
    'Keep the value of an option.',
    async (session, [name = '', value = ''], flags) =>
      (await import('./commands/config.ts')).setConfig(session, name, value, flags),
    mending,
  ).option(databaseFlag, 'For this database alone.');
  command<{ passwordStdin?: boolean }>(
    config,
    'secret <name>',
    'Keep the value of a secret option, sealed by the wallet.',
    async (session, [name = ''], flags) =>
      (await import('./commands/config.ts')).setSecret(session, name, flags),
    mending,
  ).option('--password-stdin', 'Read it from standard input: the first line.');
  command<{ database?: string }>(
    config,
    'delete <name>',
    'Forget the value of an option.',
    async (session, [name = ''], flags) =>
      (await import('./commands/config.ts')).deleteConfig(session, name, flags),
    mending,
  ).option(databaseFlag, 'The value for this database alone.');
  command(
    config,
    'info <name>',
    'Explain an option.',
    async (session, [name = '']) => (await import('./commands/config.ts')).explainOption(session, name),
    mending,
  );
}
