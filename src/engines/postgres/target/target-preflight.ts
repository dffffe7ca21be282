import type { Finding } from '../../../core/catalogue.ts';
import type { PostgresTarget } from '../database-url.ts';
import { ownSchema } from '../own-schema.ts';
import { commonPreflight, type Inspection } from '../preflight/both-directions.ts';
import { diskSpaceFinding } from '../preflight/disk-space.ts';
import { finding } from '../preflight/finding.ts';
import type { Connection } from '../wire/connection.ts';

const factsQuery = `
SELECT pg_catalog.jsonb_build_object(
  'recovery', pg_catalog.pg_is_in_recovery(),
  'readOnly', pg_catalog.current_setting('transaction_read_only') = 'on',
  'mayCreate', pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
  'hasReceipts', EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = '${ownSchema}'
    AND pg_catalog.has_schema_privilege(oid, 'USAGE') AND pg_catalog.has_schema_privilege(oid, 'CREATE')),
  'database', pg_catalog.current_database(),
  'user', current_user,
  'superuser', (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user),
  'closedSchemas', (SELECT coalesce(pg_catalog.jsonb_agg(nspname ORDER BY nspname), '[]') FROM pg_catalog.pg_namespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND nspname <> '${ownSchema}' AND NOT pg_catalog.has_schema_privilege(oid, 'CREATE')),
  'walLevel', pg_catalog.current_setting('wal_level'),
  'archiving', pg_catalog.current_setting('archive_mode') <> 'off',
  'archiverFails', (SELECT coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false)
    FROM pg_catalog.pg_stat_archiver),
  'idleSlots', (SELECT count(*) FROM pg_catalog.pg_replication_slots WHERE NOT active))`;

interface TargetFacts {
  readonly recovery: boolean;
  readonly readOnly: boolean;
  readonly mayCreate: boolean;
  /** The schema that receipts are kept in was made for the user. */
  readonly hasReceipts: boolean;
  readonly database: string;
  readonly user: string;
  readonly superuser: boolean;
  readonly closedSchemas: readonly string[];
  readonly walLevel: string;
  readonly archiving: boolean;
  readonly archiverFails: boolean;
  readonly idleSlots: number;
}

/** What would make an import fail or surprise. */
export async function targetPreflight(
  connection: Connection,
  openAnother: Inspection['openAnother'],
  target: Pick<PostgresTarget, 'host' | 'port'>,
  signal: AbortSignal,
): Promise<Finding[]> {
  const common = await commonPreflight({ connection, openAnother, purpose: 'import' }, signal);
  if (common[0]?.level === 'red') return common;
  const [row] = await connection.query(factsQuery, signal);
  const facts = JSON.parse(row?.[0] ?? '{}') as TargetFacts;
  return [
    ...common,
    writableFinding(facts),
    privilegeFinding(facts),
    schemasFinding(facts),
    superuserFinding(facts),
    logFinding(facts),
    ...(await diskSpaceFinding(connection, target, signal)),
  ];
}

function writableFinding({ recovery, readOnly }: TargetFacts): Finding {
  if (recovery) {
    return finding(
      'red',
      'standby',
      'The server is a standby, which cannot be written.',
      'Import into the primary server.',
    );
  }
  if (readOnly) {
    return finding(
      'red',
      'read-only',
      'Transactions are read-only for this user or database.',
      'ALTER ROLE or ALTER DATABASE ... SET default_transaction_read_only = off.',
    );
  }
  return finding('green', 'standby', 'The server is a primary, and can be written.');
}

function privilegeFinding({ mayCreate, hasReceipts, user, database }: TargetFacts): Finding {
  if (mayCreate) {
    return finding('green', 'privilege', `The user ${user} may create schemas in the database ${database}.`);
  }
  const message = `The user ${user} may not create schemas in the database ${database}.`;
  return hasReceipts
    ? finding(
        'amber',
        'privilege',
        message,
        'Import into schemas that are there, or GRANT CREATE ON DATABASE to the user.',
      )
    : finding(
        'red',
        'privilege',
        message,
        'GRANT CREATE ON DATABASE to the user; the import keeps its receipts in a schema of its own until it is done.',
      );
}

const schemasFinding = ({ closedSchemas, user }: TargetFacts): Finding =>
  closedSchemas.length > 0
    ? finding(
        'amber',
        'schema-privilege',
        `The user ${user} may not create objects in ${closedSchemas.length} schemas that exist: ${closedSchemas.slice(0, 10).join(', ')}.`,
        'GRANT CREATE ON SCHEMA to the user, or remap the schema.',
      )
    : finding('green', 'schema-privilege', 'The user may create objects in every schema that exists.');

const superuserFinding = ({ superuser, user }: TargetFacts): Finding =>
  superuser
    ? finding('green', 'superuser', `The user ${user} is a superuser.`)
    : finding(
        'amber',
        'superuser',
        `The user ${user} is no superuser: event triggers, casts, functions in C, untrusted extensions, roles, tablespaces and owners that he is no member of will fail, each on its own.`,
        'Import as a superuser, remap the owners, or leave those types out with exclude.',
      );

/** An import writes as much into the log of transactions as into the tables, and what keeps that log keeps all of it. */
function logFinding({ walLevel, archiving, archiverFails, idleSlots }: TargetFacts): Finding {
  if (archiverFails) {
    return finding(
      'amber',
      'wal',
      'The archiver of the server fails, so that the log of transactions is kept; an import writes as much of it as it has data.',
      'Repair archive_command, or make room for the log.',
    );
  }
  if (idleSlots > 0) {
    return finding(
      'amber',
      'wal',
      `${idleSlots} replication slots that nobody reads keep the log of transactions; an import writes as much of it as it has data.`,
      'Drop the slots with pg_drop_replication_slot, or make room for the log.',
    );
  }
  return finding(
    'green',
    'wal',
    `The server writes its log with wal_level=${walLevel}, and ${archiving ? 'archives it' : 'does not archive it'}.`,
  );
}
