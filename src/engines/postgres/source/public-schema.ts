import type { DdlObject } from '../../../core/catalogue.ts';
import type { Connection } from '../wire/connection.ts';

/** From here on only its owner may create in a new database's schema `public`. */
const closedVersion = 150_000;

const query = `
SELECT pg_catalog.pg_get_userbyid(n.nspowner) FROM pg_catalog.pg_namespace n
WHERE n.nspname = 'public' AND n.nspacl IS NOT NULL AND NOT EXISTS (
  SELECT FROM pg_catalog.aclexplode(n.nspacl) a WHERE a.grantee = 0 AND a.privilege_type = 'CREATE')`;

/**
 * The grant that pg_dump does not take back: it writes for servers where nobody but the owner may create in `public` from the beginning,
 * and on those of the source's age everybody may. Empty where there is nothing to take back.
 */
export async function closePublicSchema(
  connection: Connection,
  signal: AbortSignal,
): Promise<readonly DdlObject[]> {
  if (connection.raw.serverVersionNum >= closedVersion) return [];
  const [row] = await connection.query(query, signal);
  if (row === undefined) return [];
  return [
    {
      section: 'post',
      type: 'ACL',
      schema: 'public',
      name: 'public',
      table: null,
      owner: row[0] ?? null,
      sql: 'REVOKE CREATE ON SCHEMA public FROM PUBLIC;\n',
    },
  ];
}
