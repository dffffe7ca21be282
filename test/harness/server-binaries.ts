import { chmodSync, cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { cached } from './cache-folder.ts';
import { installCommand, testServersFolder } from './install-test-servers.ts';
import { isReachable, serverUser } from './server-user.ts';

/** Major versions of PostgreSQL that the tests can start. */
export const postgresVersions = [13, 14, 15, 16, 17, 18] as const;
export type PostgresVersion = (typeof postgresVersions)[number];

/** Where the programs of one version are. */
export interface ServerBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The package's own version, for the names of cached things. */
  readonly packageVersion: string;
}

/** The programs of `version`, in a folder that the server's user can read. */
export async function serverBinaries(version: PostgresVersion): Promise<ServerBinaries> {
  const installed = path.join(testServersFolder, 'node_modules', `pg${version}`);
  if (!existsSync(path.join(installed, 'package.json'))) {
    throw new Error(
      `PostgreSQL ${version} is not installed for the tests. Install it with: ${installCommand}`,
    );
  }
  const { version: packageVersion } = JSON.parse(
    readFileSync(path.join(installed, 'package.json'), 'utf8'),
  ) as { version: string };
  const folder = isReachable(path.join(installed, 'native/bin'), serverUser())
    ? installed
    : await cached(`postgres-${packageVersion}`, (draft) => {
        cpSync(installed, draft, { recursive: true, verbatimSymlinks: true });
        chmodSync(draft, 0o755);
      });
  makeLibraryLinks(folder);
  const program = (name: string): string => path.join(folder, 'native/bin', name);
  return { initdb: program('initdb'), postgres: program('postgres'), packageVersion };
}

/** npm packages cannot hold symlinks, so this one lists its libraries' in a file. */
function makeLibraryLinks(folder: string): void {
  const links = JSON.parse(readFileSync(path.join(folder, 'native/pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const link = path.join(folder, target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(path.relative(path.dirname(target), source), link);
    } catch (error) {
      // Another test process made it in the meantime.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
