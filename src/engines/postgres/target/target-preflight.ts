import type { Finding } from '../../../core/catalogue.ts';
import { commonPreflight, finding } from '../preflight.ts';
import type { Connection } from '../wire/connection.ts';

const factsQuery = `SELECT pg_catalog.pg_is_in_recovery(),
  pg_catalog.current_setting('transaction_read_only'),
  pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
  pg_catalog.current_database(), current_user,
  pg_catalog.current_setting('server_encoding')`;

/** What would make an import fail or surprise. */
export async function targetPreflight(connection: Connection, signal: AbortSignal): Promise<Finding[]> {
  const findings = await commonPreflight(connection, signal);
  const [row] = await connection.query(factsQuery, signal);
  const [recovery, readOnly, mayCreate, database, user, encoding] = row as readonly string[];
  if (recovery === 't') {
    findings.push(
      finding(
        'red',
        'standby',
        'The server is a standby, which cannot be written.',
        'Import into the primary server.',
      ),
    );
  } else if (readOnly === 'on') {
    findings.push(
      finding(
        'red',
        'read-only',
        'Transactions are read-only for this user or database.',
        `ALTER ROLE or ALTER DATABASE ... SET default_transaction_read_only = off.`,
      ),
    );
  }
  if (mayCreate !== 't') {
    findings.push(
      finding(
        'red',
        'privilege',
        `The user ${user} may not create schemas in the database ${database}.`,
        `GRANT CREATE ON DATABASE to the user; the import keeps its receipts in a schema of its own until it is done.`,
      ),
    );
  }
  if (encoding !== 'UTF8' && encoding !== 'SQL_ASCII') {
    findings.push(
      finding(
        'amber',
        'encoding',
        `The database has the encoding ${encoding}; characters that it does not know make their tables fail.`,
        'Import into a database with the encoding UTF8.',
      ),
    );
  }
  return findings;
}
