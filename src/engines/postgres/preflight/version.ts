import type { Finding } from '../../../core/catalogue.ts';
import type { Connection } from '../wire/connection.ts';
import { finding, type Purpose } from './finding.ts';

const oldestVersion = 13;
const newestVersion = 18;

/** The pg_dump inside reads no catalogue that is newer than itself; writing asks for less. */
export function versionFinding(connection: Connection, purpose: Purpose): Finding {
  const major = Math.floor(connection.raw.serverVersionNum / 10_000);
  const version = connection.parameters.get('server_version') ?? 'unknown';
  if (major < oldestVersion) {
    return finding(
      'red',
      'version',
      `The server is PostgreSQL ${version}; the oldest that works is ${oldestVersion}.`,
      `Upgrade the server to PostgreSQL ${oldestVersion} to ${newestVersion}.`,
    );
  }
  if (major <= newestVersion) return finding('green', 'version', `The server is PostgreSQL ${version}.`);
  return purpose === 'export'
    ? finding(
        'red',
        'version',
        `The server is PostgreSQL ${version}; the pg_dump inside of this Pumphouse is ${newestVersion}, and reads no newer server.`,
        `Update Pumphouse to a version that knows PostgreSQL ${major}.`,
      )
    : finding(
        'amber',
        'version',
        `The server is PostgreSQL ${version}; the newest that this Pumphouse knows is ${newestVersion}.`,
        'Update Pumphouse, or check the result.',
      );
}
