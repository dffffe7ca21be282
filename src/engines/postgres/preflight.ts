import type { Finding } from '../../core/catalogue.ts';
import type { Connection } from './wire/connection.ts';

const oldestVersion = 13;
const newestVersion = 18;

export const finding = (
  level: Finding['level'],
  check: string,
  message: string,
  remedy = 'Nothing to do.',
): Finding => ({ level, check, message, remedy });

/** What matters to both directions: version, pooler, encoding. */
export async function commonPreflight(connection: Connection, signal: AbortSignal): Promise<Finding[]> {
  const [row] = await connection.query(
    "SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('server_encoding')",
    signal,
  );
  const [processId, encoding] = row as readonly string[];
  return [
    versionFinding(connection),
    ...(Number(processId) === connection.raw.processId ? [] : [poolerFinding]),
    ...encodingFinding(encoding as string),
  ];
}

function versionFinding(connection: Connection): Finding {
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
  if (major > newestVersion) {
    return finding(
      'amber',
      'version',
      `The server is PostgreSQL ${version}; the newest that this version of Pumphouse knows is ${newestVersion}.`,
      'Look for a newer Pumphouse, and check the result.',
    );
  }
  return finding('green', 'version', `The server is PostgreSQL ${version}.`);
}

/** The number that was given as the backend's is not its own: somebody answers in its place. */
const poolerFinding = finding(
  'amber',
  'pooler',
  'A connection pooler stands between this machine and the database server.',
  'Connect to the server itself: a pooler limits the connections, and may hand a statement to another session.',
);

const encodingFinding = (encoding: string): Finding[] =>
  encoding === 'SQL_ASCII'
    ? [
        finding(
          'amber',
          'encoding',
          'The database has the encoding SQL_ASCII, which means that nothing is known of its texts; tables with bytes that are not UTF-8 will fail.',
          'Convert the database to UTF8.',
        ),
      ]
    : [];
