import type { Finding } from '../../../core/catalogue.ts';
import type { Connection } from '../wire/connection.ts';
import { finding } from './finding.ts';

const query = `
SELECT pg_catalog.string_agg(name || '=' || pg_catalog.current_setting(name), ', ' ORDER BY name)
FROM pg_catalog.pg_settings
WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout',
  'idle_session_timeout') AND setting <> '0'`;

/** Times after which the server ends what takes long. Our transactions set their own. */
export async function limitsFinding(connection: Connection, signal: AbortSignal): Promise<Finding> {
  const [row] = await connection.query(query, signal);
  const limits = row?.[0] ?? null;
  return finding(
    'green',
    'time-limits',
    limits === null
      ? 'The server sets no time limits for this user.'
      : `The server sets time limits for this user (${limits}); the transactions of a job set their own.`,
  );
}
