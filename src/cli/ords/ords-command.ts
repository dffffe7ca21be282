import { access } from 'node:fs/promises';
import path from 'node:path';
import type { ExitCodeName } from '../exit-codes.ts';
import type { CliHost } from '../host.ts';
import { renderError } from '../render-error.ts';
import { misused, type OrdsArguments, parseOrdsArguments } from './ords-arguments.ts';
import { type OrdsSession, ordsSession } from './ords-session.ts';
import { banner, ordsHelp } from './ords-text.ts';

/** Where the vendor's packages keep their configuration. */
const packageFolder = '/etc/ords/config';

/** Runs a command line that was written for the vendor's command. Nothing is thrown. */
export async function runOrds(host: CliHost, argv: readonly string[]): Promise<ExitCodeName> {
  try {
    const given = parseOrdsArguments(argv);
    const session = ordsSession(host, given, await configFolder(host, given));
    if (!given.options.has('quiet')) {
      session.print(banner(host.version, session.folder.path, new Date()));
    }
    return await runCommand(session, given);
  } catch (error) {
    return renderError(host, error, false);
  }
}

async function runCommand(session: OrdsSession, { words, options }: OrdsArguments): Promise<ExitCodeName> {
  const { print, host } = session;
  const [command, ...rest] = words;
  if (options.has('version')) {
    print(host.version);
    return 'ok';
  }
  if (options.has('help') || command === undefined) {
    print(ordsHelp);
    return options.has('help') ? 'ok' : 'usage';
  }
  switch (command) {
    case 'config':
      return (await import('./ords-config.ts')).runOrdsConfig(session, rest);
    case 'serve':
      return (await import('./ords-serve.ts')).runOrdsServe(session);
    case 'install':
    case 'repair':
    case 'uninstall':
      return (await import('./ords-install.ts')).runOrdsInstall(session, command, rest);
    default:
      throw misused(`Unknown command ${JSON.stringify(command)}.`);
  }
}

/** Without `--config`: the working directory where that is a config folder, or there is no other. */
async function configFolder(host: CliHost, { options }: OrdsArguments): Promise<string> {
  const named = options.get('config');
  if (named !== undefined) return path.resolve(named);
  host.stdout.write(
    `${new Date().toISOString()} INFO   ORDS has not detected the option '--config' and this will be set up to the default directory.\n`,
  );
  const here = process.cwd();
  for (const part of ['global', 'databases']) if (await exists(path.join(here, part))) return here;
  return (await exists(packageFolder)) ? packageFolder : here;
}

const exists = (at: string): Promise<boolean> =>
  access(at).then(
    () => true,
    () => false,
  );
