import type { Finding } from '../../../core/catalogue.ts';
import type { Connection } from '../wire/connection.ts';
import { finding } from './finding.ts';

/** Below that many free connections the lanes may not all find one. */
const fewConnections = 4;

/** What server, role and database leave free; the limits of the last two do not hold for superusers. Who may not see all has no backend_type. */
const query = `
WITH me AS (SELECT rolsuper, rolconnlimit FROM pg_catalog.pg_roles WHERE rolname = current_user),
used AS (
  SELECT datname, usename FROM pg_catalog.pg_stat_activity
  WHERE usename IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'
),
place AS (SELECT datconnlimit FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
SELECT 'max_connections of the server', pg_catalog.current_setting('max_connections')::int4 - (SELECT count(*) FROM used)
  - CASE WHEN me.rolsuper THEN 0 ELSE pg_catalog.current_setting('superuser_reserved_connections')::int4
      + coalesce(pg_catalog.current_setting('reserved_connections', true)::int4, 0) END AS free
FROM me
UNION ALL
SELECT 'CONNECTION LIMIT of the user', me.rolconnlimit - (SELECT count(*) FROM used WHERE usename = current_user)
FROM me WHERE NOT me.rolsuper AND me.rolconnlimit >= 0
UNION ALL
SELECT 'CONNECTION LIMIT of the database', datconnlimit - (SELECT count(*) FROM used WHERE datname = pg_catalog.current_database())
FROM place, me WHERE NOT me.rolsuper AND datconnlimit >= 0
ORDER BY free LIMIT 1`;

/** How many more connections there can be. */
export async function connectionsFinding(connection: Connection, signal: AbortSignal): Promise<Finding> {
  const [row] = await connection.query(query, signal);
  const [limit, free] = row as readonly string[];
  const left = Math.max(0, Number(free));
  return left >= fewConnections
    ? finding('green', 'connections', `The user may open ${left} more connections.`)
    : finding(
        'amber',
        'connections',
        `The user may open ${left} more connections (${limit}).`,
        `Raise ${limit}, end other sessions, or use fewer threads.`,
      );
}
