import { Command, CommanderError } from 'commander';
import { addCommands } from './command-tree.ts';
import { createDefiner } from './define-command.ts';
import type { ExitCodeName } from './exit-codes.ts';
import type { CliHost } from './host.ts';
import { renderError } from './render-error.ts';
import { usageError } from './usage-error.ts';

/** Runs one command line; the result is the name of its exit code. Nothing is thrown. */
export async function runCommandLine(host: CliHost, argv: readonly string[]): Promise<ExitCodeName> {
  // Its line has another form: options before the words.
  if (argv[0] === 'ords') return (await import('./ords/ords-command.ts')).runOrds(host, argv.slice(1));
  if (argv.length === 1 && argv[0] === '--version') {
    await (await import('./commands/version.ts')).printVersion(host);
    return 'ok';
  }
  let end: ExitCodeName = 'ok';
  const program = createProgram(host);
  const definer = createDefiner(program, host, (name) => {
    end = name;
  });
  addCommands(program, definer);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return end;
  } catch (error) {
    // Help or version; the help of a command that needs another one behind it is an error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 'ok' : 'usage';
    return renderError(host, error, argv.includes('--json'));
  }
}

function createProgram(host: CliHost): Command {
  return new Command('pumphouse')
    .description('Exports, imports and moves databases as durable, parallel, resumable jobs.')
    .version(host.version, '--version', 'Print the version, and that of the store where it can be reached.')
    .helpOption('--help', 'Print this help.')
    .helpCommand(false)
    .exitOverride(usageError('pumphouse'))
    .configureOutput({
      writeOut: (text) => void host.stdout.write(text),
      writeErr: (text) => void host.stderr.write(text),
      // Errors are told by renderError, in the form of all others.
      outputError: () => undefined,
    })
    .addHelpText(
      'after',
      '\nOptions go behind the command: pumphouse export --help lists those of export.\nEvery option also stands in the environment (PUMPHOUSE_PORT, PUMPHOUSE_DATA, ...) or the config folder; see pumphouse config list --include-defaults.\n\npumphouse ords takes command lines that were written for the ords command: pumphouse ords --help.',
    );
}
