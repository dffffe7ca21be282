import type { CommandDefiner } from './define-command.ts';
import { addCredentialFlag, collect, reaching } from './job-options.ts';

const credentialExamples = `
Examples:
  pumphouse credential add minio --type s3 --id AKIAEXAMPLE --secret-file key.txt --option endpoint=https://minio.example.net
  pumphouse credential add vault --type sftp --id backup --secret-file ~/.ssh/id_ed25519
  printf %s "$PASSPHRASE" | pumphouse credential add dumps-key --type encryption --secret-stdin
`;

const locationExamples = `
Examples:
  pumphouse location test DATA_PUMP_DIR
  pumphouse location test s3://bucket/prefix --credential minio
`;

const directoryExamples = `
Examples:
  pumphouse directory add SPARE /mnt/spare
  pumphouse directory add BACKUPS s3://bucket/prefix --credential minio
  pumphouse directory add ARCHIVE s3://bucket/prefix --credential reader --read-only
`;

/** Commands about where dump files are, and with what the places are entered. */
export function addPlaceCommands({ command, group }: CommandDefiner): void {
  const credential = group('credential', 'What storages are entered with, and dump sets encrypted with.');
  command<import('./commands/credential.ts').AddCredentialFlags>(
    credential,
    'add <name>',
    'Add a credential; its secret comes from a file, standard input or the terminal, never from the command line.',
    async (session, [name = ''], flags) =>
      (await import('./commands/credential.ts')).addCredential(session, name, flags),
  )
    .requiredOption(
      '--type <type>',
      'What it opens: s3, obs, azure, gcs, swift, sftp, ftp, http; or encryption, a key for dump sets.',
    )
    .option('--id <id>', 'Access key id, account or user name, where the type has one.')
    .option('--secret-stdin', 'Read the secret from standard input: all of it but a last line end.')
    .option('--secret-file <file>', 'Read the secret from a file, such as a private key.')
    .option(
      '--option <key=value>',
      'An option of the type, such as region=eu-west-1 (docs/guides/storages.md); may repeat.',
      collect,
    )
    .option('--owner <user>', 'The user that it shall belong to; default: whoever adds it.')
    .addHelpText('after', credentialExamples);
  command(credential, 'list', 'List the credentials, without what is secret in them.', async (session) =>
    (await import('./commands/credential.ts')).listCredentials(session),
  );
  command(
    credential,
    'remove <name>',
    'Forget a credential that nothing uses.',
    async (session, [name = '']) =>
      (await import('./commands/credential.ts')).removeCredential(session, name),
  );

  const wallet = group('wallet', 'The key that seals what is secret in the data folder.');
  command(wallet, 'rotate', 'Exchange the key, and seal everything again.', async (session) =>
    (await import('./commands/wallet.ts')).rotateWallet(session),
  );

  const location = group('location', 'Places for dump files.');
  addCredentialFlag(
    command<{ credential?: string }>(
      location,
      'test <location>',
      'Write a small file there (not where a directory is read-only), read it back, delete it, and say what is wrong.',
      async (session, [at = ''], flags) =>
        (await import('./commands/location.ts')).testLocation(session, at, flags),
      reaching,
    ),
  ).addHelpText('after', locationExamples);

  const directory = group('directory', 'Named places for dump files.');
  addCredentialFlag(
    command<{ credential?: string; readOnly?: boolean; shared?: boolean }>(
      directory,
      'add <name> <place>',
      'Name a folder or a storage URL.',
      async (session, [name = '', place = ''], flags) =>
        (await import('./commands/directory.ts')).addDirectory(session, name, place, flags),
      reaching,
    )
      .option('--read-only', 'It is for reading: it is tried by looking at it, and no job writes to it.')
      .option('--shared', 'Of a folder: every instance that shares the store mounts it under this path.'),
  ).addHelpText('after', directoryExamples);
  command(directory, 'list', 'List the directories.', async (session) =>
    (await import('./commands/directory.ts')).listDirectories(session),
  );
  command(directory, 'remove <name>', 'Forget a directory; its files stay.', async (session, [name = '']) =>
    (await import('./commands/directory.ts')).removeDirectory(session, name),
  );
}
