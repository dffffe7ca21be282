import { AppError } from '../../../core/errors.ts';
import { quoteIdentifier } from '../names.ts';
import { ownSchema } from '../own-schema.ts';
import type { Connection } from '../wire/connection.ts';
import { type Planned, type PlannedStep, step } from './planned.ts';

interface RemovalFacts {
  readonly administrator: string;
  readonly superuser: boolean;
  /** The owner of the database; null: it is the user itself, or the administrator may not give him anything. */
  readonly heir: string | null;
  readonly isMember: boolean;
  /** How many things in this database belong to the user, the database itself among them. */
  readonly owned: number;
  /** Other databases of the server where it has rights or objects. */
  readonly elsewhere: readonly string[];
  /** The schema of receipts is the user's, or the administrator's who made it for him, and nobody else has receipts there. */
  readonly receiptsAreOurs: boolean;
}

const query = (version: number): string => `
SELECT pg_catalog.json_build_object('administrator', current_user, 'superuser', me.rolsuper,
  'heir', CASE WHEN d.datdba <> r.oid AND pg_catalog.pg_has_role(d.datdba, '${version >= 160_000 ? 'SET' : 'MEMBER'}') THEN pg_catalog.pg_get_userbyid(d.datdba) END,
  'isMember', pg_catalog.pg_has_role(r.oid, 'USAGE'),
  'owned', (SELECT count(*) FROM pg_catalog.pg_shdepend s WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
    AND s.refobjid = r.oid AND s.deptype = 'o'
    AND (s.dbid = d.oid OR s.dbid = 0 AND s.classid = 'pg_catalog.pg_database'::pg_catalog.regclass AND s.objid = d.oid)),
  'elsewhere', (SELECT coalesce(pg_catalog.json_agg(DISTINCT o.datname), '[]') FROM pg_catalog.pg_shdepend s
    JOIN pg_catalog.pg_database o ON o.oid = s.dbid OR s.dbid = 0 AND s.classid = 'pg_catalog.pg_database'::pg_catalog.regclass AND s.objid = o.oid
    WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND s.refobjid = r.oid AND o.oid <> d.oid),
  'receiptsAreOurs', EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = '${ownSchema}' AND n.nspowner IN (r.oid, me.oid)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid AND c.relowner <> r.oid)))
FROM pg_catalog.pg_roles me, pg_catalog.pg_roles r, pg_catalog.pg_database d
WHERE me.rolname = current_user AND r.rolname = $1 AND d.datname = pg_catalog.current_database()`;

/** What takes back all that an installation made. The data stays: what the user owns gets another owner. */
export async function planRemoval(
  connection: Connection,
  user: string,
  signal: AbortSignal,
): Promise<Planned> {
  const version = connection.raw.serverVersionNum;
  const [row] = await connection.queryWith(query(version), [user], signal);
  if (row === undefined) return { steps: [], notes: [] };
  const facts = JSON.parse(row[0] as string) as RemovalFacts;
  if (facts.elsewhere.length > 0) {
    throw new AppError('account-in-use', {
      message: `The role ${user} has rights or objects in other databases of the server: ${facts.elsewhere.join(', ')}.`,
      hint: `Run DROP OWNED BY ${quoteIdentifier(user)} there, after REASSIGN OWNED where it owns what should stay.`,
    });
  }
  const role = quoteIdentifier(user);
  const heir = facts.heir ?? facts.administrator;
  const steps: PlannedStep[] = [];
  // Only its members may give away what it owns, and take its rights away.
  if (!facts.isMember) {
    const options = version >= 160_000 ? ' WITH INHERIT TRUE, SET TRUE' : '';
    steps.push(
      step(`member of ${user}, as long as it is there`, `GRANT ${role} TO CURRENT_USER${options}`, false),
    );
  }
  if (facts.receiptsAreOurs) {
    steps.push(step('no receipts of imports', `DROP SCHEMA ${quoteIdentifier(ownSchema)} CASCADE`, false));
  }
  if (facts.owned > 0) {
    const to = quoteIdentifier(heir);
    steps.push(step(`what ${user} owns goes to ${heir}`, `REASSIGN OWNED BY ${role} TO ${to}`, false));
  }
  steps.push(
    step(`no rights of ${user}`, `DROP OWNED BY ${role}`, false),
    step(`no role ${user}`, `DROP ROLE ${role}`, false),
  );
  return { steps, notes: [] };
}
