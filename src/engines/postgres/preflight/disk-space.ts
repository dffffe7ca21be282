import { readFile, statfs } from 'node:fs/promises';
import path from 'node:path';
import { sizeText } from '../../../base/size-text.ts';
import type { Finding } from '../../../core/catalogue.ts';
import type { PostgresTarget } from '../database-url.ts';
import type { Connection } from '../wire/connection.ts';
import { finding } from './finding.ts';

const lowBytes = 1024 ** 3;

/** The folder is told only to who may read all settings. */
const query = `
SELECT CASE WHEN pg_catalog.pg_has_role(current_user, 'pg_read_all_settings', 'USAGE')
  THEN pg_catalog.current_setting('data_directory') END`;

/** The room that a server on this machine has for its data; nothing where that cannot be known. */
export async function diskSpaceFinding(
  connection: Connection,
  target: Pick<PostgresTarget, 'host' | 'port'>,
  signal: AbortSignal,
): Promise<Finding[]> {
  if (!isHere(target.host)) return [];
  const [row] = await connection.query(query, signal);
  const folder = row?.[0] ?? null;
  if (folder === null || !(await isFolderOf(folder, target))) return [];
  const disk = await statfs(folder).catch(() => null);
  if (disk === null) return [];
  const free = disk.bavail * disk.bsize;
  const message = `The disk of the database server has ${sizeText(free)} free.`;
  return [
    free >= lowBytes
      ? finding('green', 'disk-space', message)
      : finding(
          'amber',
          'disk-space',
          message,
          'Make room: tables and indexes need it, and the log of transactions as much again for a while.',
        ),
  ];
}

const isHere = (host: string): boolean =>
  host.startsWith('/') || host === 'localhost' || host === '::1' || /^127\./.test(host);

/** Behind a loopback address may be a tunnel, and the same path here another server's: the file with its port must be there. */
async function isFolderOf(
  folder: string,
  { host, port }: Pick<PostgresTarget, 'host' | 'port'>,
): Promise<boolean> {
  if (host.startsWith('/')) return true;
  const lines = await readFile(path.join(folder, 'postmaster.pid'), 'utf8').catch(() => '');
  return lines.split('\n')[3] === String(port);
}
