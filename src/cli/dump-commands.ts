import type { Command } from 'commander';
import type { CommandDefiner } from './define-command.ts';
import { addCredentialFlag, addRunning, reaching, running } from './job-options.ts';

const addFileFlag = (command: Command): Command =>
  command.option(
    '--file <pattern>',
    'File pattern, file or folder of the set; default: the location is the folder.',
  );

const copyExamples = `
Examples:
  pumphouse dump copy DATA_PUMP_DIR s3://bucket/prefix --file SHOP%U.DMP --to-credential minio
  pumphouse dump copy BACKUPS ./restore --file EXPORT_20261121093007 --threads 4
`;

/** Commands about dump sets that exist. */
export function addDumpCommands({ command, group }: CommandDefiner): void {
  const dump = group('dump', 'Dump sets.');
  addCredentialFlag(
    command<{ credential?: string }>(
      dump,
      'list [location]',
      'List the complete dump sets at a place; default DATA_PUMP_DIR.',
      async (session, [location], flags) =>
        (await import('./commands/dump.ts')).listDumpSets(session, location, flags),
      reaching,
    ),
  );
  addCredentialFlag(
    addFileFlag(
      command<{ file?: string; credential?: string }>(
        dump,
        'show <location>',
        'Show what a dump set holds.',
        async (session, [location = ''], flags) =>
          (await import('./commands/dump.ts')).showDumpSet(session, location, flags),
        reaching,
      ),
    ),
  );
  addRunning(
    addCredentialFlag(
      addFileFlag(
        command<{ file?: string; credential?: string }>(
          dump,
          'verify <location>',
          'Check every byte of a dump set against its digests.',
          async (session, [location = ''], flags) =>
            (await import('./commands/start-job.ts')).startVerify(session, location, flags),
          running,
        ),
      ),
    ),
  );
  addRunning(
    addCredentialFlag(
      addFileFlag(
        command<import('./commands/dump-jobs.ts').CopyDumpFlags>(
          dump,
          'copy <from> <to>',
          'Copy a dump set to another place; every byte is checked on the way.',
          async (session, [from = '', to = ''], flags) =>
            (await import('./commands/dump-jobs.ts')).copyDumpSet(session, from, to, flags),
          running,
        ),
      ),
    ).option('--to-credential <name>', 'The credential that the storage URL to copy to is entered with.'),
  ).addHelpText('after', copyExamples);
  addRunning(
    addCredentialFlag(
      addFileFlag(
        command<import('./commands/dump-jobs.ts').DeleteDumpFlags>(
          dump,
          'delete <location>',
          'Delete the files of a dump set.',
          async (session, [location = ''], flags) =>
            (await import('./commands/dump-jobs.ts')).deleteDumpSet(session, location, flags),
          running,
        ),
      ),
    ).option('--yes', 'Do not ask.'),
    false,
  );
}
