import type { Finding } from '../../../core/catalogue.ts';
import { ownSchema } from '../own-schema.ts';
import { commonPreflight, type Inspection } from '../preflight/both-directions.ts';
import { finding } from '../preflight/finding.ts';
import type { Connection } from '../wire/connection.ts';

/** From here on pg_dump's memory is worth a word, and it takes about that much a table (measured with ten thousand). */
const manyTables = 2_000;
const ddlMegabytesPerTable = 0.04;

const factsQuery = `
WITH tables AS (
  SELECT c.oid, n.nspname, c.relname, c.relpersistence, c.relkind FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'
    AND n.nspname NOT IN ('information_schema', '${ownSchema}')
),
readable AS (
  SELECT *, pg_catalog.row_number() OVER (ORDER BY nspname, relname) AS place,
    pg_catalog.has_schema_privilege(nspname, 'USAGE') AND pg_catalog.has_table_privilege(oid, 'SELECT') AS allowed
  FROM tables WHERE relkind = 'r'
)
SELECT pg_catalog.jsonb_build_object(
  'recovery', pg_catalog.pg_is_in_recovery(),
  'relations', (SELECT count(*) FROM tables),
  'tables', (SELECT count(*) FROM readable),
  'lockSpace', pg_catalog.current_setting('max_locks_per_transaction')::int8
    * (pg_catalog.current_setting('max_connections')::int8 + pg_catalog.current_setting('max_prepared_transactions')::int8),
  'refused', (SELECT count(*) FROM readable WHERE NOT allowed),
  'firstRefused', (SELECT pg_catalog.format('%I.%I', nspname, relname) FROM readable WHERE NOT allowed ORDER BY place LIMIT 1),
  'filtered', (SELECT count(*) FROM readable WHERE allowed AND pg_catalog.row_security_active(oid)),
  'firstFiltered', (SELECT pg_catalog.format('%I.%I', nspname, relname) FROM readable
    WHERE allowed AND pg_catalog.row_security_active(oid) ORDER BY place LIMIT 1),
  'unlogged', (SELECT count(*) FROM readable WHERE relpersistence = 'u'),
  'mappings', (SELECT count(*) FROM pg_catalog.pg_user_mappings WHERE umoptions IS NOT NULL),
  'subscriptions', (SELECT count(*) FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
    WHERE d.datname = pg_catalog.current_database()),
  'superuser', pg_catalog.current_setting('is_superuser') = 'on')`;

interface SourceFacts {
  readonly recovery: boolean;
  readonly relations: number;
  readonly tables: number;
  readonly lockSpace: number;
  readonly refused: number;
  readonly firstRefused: string | null;
  readonly filtered: number;
  readonly firstFiltered: string | null;
  readonly unlogged: number;
  /** User mappings with options. */
  readonly mappings: number;
  readonly subscriptions: number;
  readonly superuser: boolean;
}

/** What would make an export fail or surprise. Nothing here knows the selection, so what may concern one table only is amber. */
export async function sourcePreflight(
  connection: Connection,
  openAnother: Inspection['openAnother'],
  signal: AbortSignal,
): Promise<Finding[]> {
  const common = await commonPreflight({ connection, openAnother, purpose: 'export' }, signal);
  if (common[0]?.level === 'red') return common;
  const [row] = await connection.query(factsQuery, signal);
  const facts = JSON.parse(row?.[0] ?? '{}') as SourceFacts;
  return [
    ...common,
    ...standbyFindings(facts),
    lockSpaceFinding(facts),
    privilegeFinding(facts),
    rowSecurityFinding(facts),
    definitionsFinding(facts),
    secretsFinding(facts),
    ...subscriptionsFinding(facts),
  ];
}

function standbyFindings({ recovery, unlogged }: SourceFacts): Finding[] {
  if (!recovery) return [finding('green', 'standby', 'The server is a primary.')];
  const standby = finding(
    'amber',
    'standby',
    'The server is a standby: it may end the snapshot when its replay conflicts with it.',
    'Set hot_standby_feedback=on, or max_standby_streaming_delay=-1 while the export runs.',
  );
  if (unlogged === 0) return [standby];
  const message = `The ${unlogged} unlogged tables cannot be read on a standby.`;
  return [standby, finding('amber', 'unlogged', message, 'Export from the primary server.')];
}

/** The definitions are read by a transaction that locks every relation that it reads. */
const lockSpaceFinding = ({ relations, lockSpace }: SourceFacts): Finding =>
  relations > lockSpace * 0.8
    ? finding(
        'amber',
        'lock-space',
        `The database has ${relations} relations, and the server has room for about ${lockSpace} locks.`,
        'Raise max_locks_per_transaction and restart the server, or export fewer tables at once.',
      )
    : finding(
        'green',
        'lock-space',
        `The server has room for about ${lockSpace} locks; the database has ${relations} relations.`,
      );

const privilegeFinding = ({ refused, firstRefused }: SourceFacts): Finding =>
  refused > 0
    ? finding(
        'amber',
        'privilege',
        `The user may not read ${refused} of the tables, the first of them ${firstRefused}.`,
        'GRANT USAGE on the schema and SELECT on the tables, or leave them out of the selection.',
      )
    : finding('green', 'privilege', 'The user may read every table.');

const rowSecurityFinding = ({ filtered, firstFiltered }: SourceFacts): Finding =>
  filtered > 0
    ? finding(
        'amber',
        'row-security',
        `Row security hides rows of ${filtered} tables from the user, the first of them ${firstFiltered}; they will fail rather than lose rows.`,
        'Use a user with BYPASSRLS, or the owner of the tables.',
      )
    : finding('green', 'row-security', 'No policy hides rows from the user.');

const secretsFinding = ({ mappings, subscriptions }: SourceFacts): Finding =>
  mappings + subscriptions > 0
    ? finding(
        'amber',
        'secrets',
        `Passwords in the options of ${mappings} user mappings and the connections of ${subscriptions} subscriptions are left out: a dump set holds none.`,
        'After the import, set them with ALTER USER MAPPING ... OPTIONS (ADD password ...) and ALTER SUBSCRIPTION ... CONNECTION.',
      )
    : finding('green', 'secrets', 'No user mapping or subscription can hold a password.');

const subscriptionsFinding = ({ subscriptions, superuser }: SourceFacts): Finding[] =>
  subscriptions > 0 && !superuser
    ? [
        finding(
          'amber',
          'subscriptions',
          `The ${subscriptions} subscriptions are not exported: only a superuser may read them.`,
          'Export as a superuser, or make the subscriptions anew after the import.',
        ),
      ]
    : [];

function definitionsFinding({ tables }: SourceFacts): Finding {
  const megabytes = Math.round(tables * ddlMegabytesPerTable);
  return tables > manyTables
    ? finding(
        'amber',
        'definitions',
        `Reading the definitions of ${tables} tables takes about ${megabytes} MB of memory in the service for a while.`,
        'Give the service that memory, or export schema by schema.',
      )
    : finding('green', 'definitions', `The database has ${tables} tables.`);
}
