import type { CommandDefiner } from './define-command.ts';

const storeExamples = `
Examples:
  PUMPHOUSE_STORE=postgres://pumphouse:...@db/pumphouse pumphouse store migrate
  printf '%s\\n' "$PASSWORD" | pumphouse store copy --to postgres://pumphouse@db/pumphouse --password-stdin
`;

/** Commands about the job store, in the data folder or where PUMPHOUSE_STORE says. They need no service. */
export function addStoreCommands({ command, group }: CommandDefiner): void {
  const store = group('store', 'The job store: a file of the data folder, or PUMPHOUSE_STORE.').addHelpText(
    'after',
    storeExamples,
  );
  command(store, 'migrate', 'Make the store, or bring it to the version of this program.', async (session) =>
    (await import('./commands/store.ts')).migrateStore(session),
  );
  command(
    store,
    'status',
    'Show where the store is, its version, who shares it and what it holds.',
    async (session) => (await import('./commands/store.ts')).showStore(session),
  );
  command<import('./commands/store.ts').CopyStoreFlags>(
    store,
    'copy',
    'Copy the store of the data folder, which no service uses, into an empty one on PostgreSQL.',
    async (session, _args, flags) => (await import('./commands/store.ts')).copyStore(session, flags),
  )
    .option('--to <url>', 'postgres://user@host:port/database, without a password; default PUMPHOUSE_STORE.')
    .option('--password-stdin', 'Read the password for --to from standard input: the first line.');
}
