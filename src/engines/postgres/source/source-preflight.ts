import type { Finding } from '../../../core/catalogue.ts';
import { ownSchema } from '../own-schema.ts';
import { commonPreflight, finding } from '../preflight.ts';
import type { Connection } from '../wire/connection.ts';

/** Below that many free connections the lanes may not all find one. */
const fewConnections = 4;

const factsQuery = `
WITH tables AS (
  SELECT c.oid, n.nspname, c.relname, c.relpersistence FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'
    AND n.nspname NOT IN ('information_schema', '${ownSchema}')
),
readable AS (
  SELECT t.*, row_number() OVER (ORDER BY t.nspname, t.relname) AS place,
    pg_catalog.has_schema_privilege(t.nspname, 'USAGE') AND pg_catalog.has_table_privilege(t.oid, 'SELECT') AS allowed
  FROM tables t JOIN pg_catalog.pg_class c ON c.oid = t.oid WHERE c.relkind = 'r'
)
SELECT
  pg_catalog.pg_is_in_recovery(),
  (SELECT count(*) FROM tables),
  pg_catalog.current_setting('max_locks_per_transaction')::int8
    * (pg_catalog.current_setting('max_connections')::int8 + pg_catalog.current_setting('max_prepared_transactions')::int8),
  pg_catalog.current_setting('max_connections')::int8 - pg_catalog.current_setting('superuser_reserved_connections')::int8
    - (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend'),
  (SELECT count(*) FROM readable WHERE NOT allowed),
  (SELECT pg_catalog.format('%I.%I', nspname, relname) FROM readable WHERE NOT allowed ORDER BY place LIMIT 1),
  (SELECT count(*) FROM readable WHERE allowed AND pg_catalog.row_security_active(oid)),
  (SELECT pg_catalog.format('%I.%I', nspname, relname) FROM readable
    WHERE allowed AND pg_catalog.row_security_active(oid) ORDER BY place LIMIT 1),
  (SELECT count(*) FROM readable WHERE relpersistence = 'u'),
  EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)`;

/** What would make an export fail or surprise. Nothing here knows the selection, so what may concern one table only is amber. */
export async function sourcePreflight(connection: Connection, signal: AbortSignal): Promise<Finding[]> {
  const findings = await commonPreflight(connection, signal);
  if (findings.some((each) => each.level === 'red')) return findings;
  const [row] = await connection.query(factsQuery, signal);
  const [
    recovery,
    tables,
    locks,
    free,
    refused,
    firstRefused,
    filtered,
    firstFiltered,
    unlogged,
    largeObjects,
  ] = row as readonly string[];
  const add = (...values: Parameters<typeof finding>): void => {
    findings.push(finding(...values));
  };
  if (recovery === 't') {
    add(
      'amber',
      'standby',
      'The server is a standby: it may end the snapshot when its replay conflicts with it.',
      'Set hot_standby_feedback=on, or max_standby_streaming_delay=-1 while the export runs.',
    );
    if (Number(unlogged) > 0) {
      add(
        'amber',
        'unlogged',
        `The ${unlogged} unlogged tables cannot be read on a standby.`,
        'Export from the primary server.',
      );
    }
  }
  if (Number(tables) > Number(locks) * 0.8) {
    add(
      'amber',
      'locks',
      `The database has ${tables} relations, and the server has room for about ${locks} locks.`,
      'Raise max_locks_per_transaction and restart the server, or export fewer tables at once.',
    );
  }
  if (Number(free) < fewConnections) {
    add(
      'amber',
      'connections',
      `The server has ${free} free connections.`,
      'Raise max_connections, or use fewer threads.',
    );
  }
  if (Number(refused) > 0) {
    add(
      'amber',
      'privilege',
      `The user may not read ${refused} of the tables, the first of them ${firstRefused}.`,
      'GRANT USAGE on the schema and SELECT on the tables, or leave them out of the selection.',
    );
  }
  if (Number(filtered) > 0) {
    add(
      'amber',
      'row-security',
      `Row security hides rows of ${filtered} tables from the user, the first of them ${firstFiltered}; they will fail rather than lose rows.`,
      'Use a user with BYPASSRLS, or the owner of the tables.',
    );
  }
  if (largeObjects === 't') {
    add(
      'amber',
      'large-objects',
      'The database has large objects; they are not exported.',
      'Export them with lo_export.',
    );
  }
  return findings;
}
