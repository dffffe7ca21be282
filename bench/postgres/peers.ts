import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Cost } from '../measure.ts';
import { runCommand } from '../run-command.ts';

/** The tools that we are compared with. Each call runs one command line and measures it with all its children. */
export interface Peers {
  pgDump(options: readonly string[], url: string): Promise<Cost>;
  pgRestore(options: readonly string[], url: string, from: string): Promise<Cost>;
  /** `pg_dump -Fc -Z0 | zstd -1` into a file. */
  pgDumpZstd(url: string, file: string): Promise<Cost>;
  /** `pg_dump -Fc -Z0 | pg_restore`. */
  pgDumpRestore(source: string, target: string): Promise<Cost>;
  /** `pgcopydb clone` with two jobs for tables and two for indexes. */
  pgcopydbClone(source: string, target: string, scratch: string): Promise<Cost>;
}

export function findPeers(version: number): Peers {
  const folders = [`/usr/lib/postgresql/${version}/bin`, ...(process.env.PATH ?? '').split(':')];
  const find = (program: string, debianPackage: string): string => {
    const folder = folders.find((candidate) => existsSync(path.join(candidate, program)));
    if (folder !== undefined) return path.join(folder, program);
    throw new Error(`The peer ${program} is missing: apt-get install ${debianPackage}`);
  };
  const tools = {
    pgDump: find('pg_dump', `postgresql-client-${version}`),
    pgRestore: find('pg_restore', `postgresql-client-${version}`),
    zstd: find('zstd', 'zstd'),
    pgcopydb: find('pgcopydb', 'pgcopydb'),
  };
  /** `"$1"` and so on stand for the arguments: nothing is pasted into the script. */
  const pipeline = (script: string, ...args: readonly string[]): Promise<Cost> =>
    runCommand('bash', ['-c', `set -euo pipefail; ${script}`, 'peer', ...args]);
  return {
    pgDump: (options, url) => runCommand(tools.pgDump, [...options, '-d', url]),
    pgRestore: (options, url, from) => runCommand(tools.pgRestore, [...options, '-d', url, from]),
    pgDumpZstd: (url, file) =>
      pipeline('"$1" -Fc -Z0 -d "$2" | "$3" -q -1 -f -o "$4"', tools.pgDump, url, tools.zstd, file),
    pgDumpRestore: (source, target) =>
      pipeline('"$1" -Fc -Z0 -d "$2" | "$3" -d "$4"', tools.pgDump, source, tools.pgRestore, target),
    pgcopydbClone: (source, target, scratch) =>
      runCommand(tools.pgcopydb, [
        'clone',
        '--source',
        source,
        '--target',
        target,
        '--table-jobs',
        '2',
        '--index-jobs',
        '2',
        '--dir',
        scratch,
      ]),
  };
}
