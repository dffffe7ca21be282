import type { DdlObject } from '../core/catalogue.ts';
import type { OperationContext } from '../core/context.ts';
import type { NewJobLogEntry } from '../core/job.ts';
import type { DryRunReport } from '../core/job-report.ts';
import { shownName } from '../core/shown-name.ts';
import type { Engine, TargetSession } from '../engines/engine.ts';
import { warnLine } from './target-lines.ts';
import { wordsOf } from './words-of-statements.ts';

const roleType = 'ROLE';
/** The types of statements that name roles other than owners. */
const namingTypes: ReadonlySet<string> = new Set(['ACL', 'DEFAULT ACL', 'POLICY']);
/** Roles that the line names. */
const listed = 20;
const remedy = 'Make the roles first, set globals (for a full export), or use remap_owner.';

/** Roles that objects to be made name and the target does not know. */
export interface MissingRoles {
  /** At most one. */
  readonly lines: readonly NewJobLogEntry[];
  /** The same report: statements that will fail for want of a role say so. */
  refused(report: DryRunReport['objects']): DryRunReport['objects'];
}

/** See {@link findMissingRoles}. */
export async function missingRoleLines(
  engine: Engine,
  target: TargetSession,
  objects: readonly DdlObject[],
  context: OperationContext,
): Promise<readonly NewJobLogEntry[]> {
  return (await findMissingRoles(engine, target, objects, context)).lines;
}

/**
 * The roles that `objects` (to be made) name and the target does not know, unless the job makes them: their statements will fail one by
 * one. Looked at are owners, grantees, the roles of policies, and what else of `known` (the roles of the source, where it told) is named.
 */
export async function findMissingRoles(
  engine: Engine,
  target: TargetSession,
  objects: readonly DdlObject[],
  context: OperationContext,
  known: readonly string[] = [],
): Promise<MissingRoles> {
  const none: MissingRoles = { lines: [], refused: (report) => report };
  if (!engine.capabilities.globalTypes.includes(roleType)) return none;
  const knownRoles = new Set(known);
  const uses = objects.flatMap((object) => {
    const roles = rolesOf(object, knownRoles);
    return roles.length === 0 ? [] : [{ object, roles }];
  });
  const made = new Set(objects.flatMap(({ type, name }) => (type === roleType ? name : [])));
  const used = new Set(uses.flatMap(({ roles }) => roles));
  const wanted = [...used].filter((name) => !made.has(name)).map(roleNamed);
  if (wanted.length === 0) return none;
  const there = new Set((await target.findExisting(wanted, context)).map(({ name }) => name));
  const missing = wanted.flatMap(({ name }) => (there.has(name) ? [] : name)).sort();
  if (missing.length === 0) return none;
  const more = missing.length > listed ? ` and ${missing.length - listed} more` : '';
  const isMissing = new Set(missing);
  const reasons = new Map(
    uses.flatMap(({ object, roles }) => {
      const role = roles.find((each) => isMissing.has(each));
      return role === undefined ? [] : [[object, `the target has no role ${role}`] as const];
    }),
  );
  const nameOf = (object: DdlObject): string => keyOf({ type: object.type, ...shownName(object) });
  // A table has several grants of one name: they come in the report in the same order.
  const named = Map.groupBy(objects, nameOf);
  return {
    lines: [
      warnLine(
        `The target has no role ${missing.slice(0, listed).join(', ')}${more}: what belongs to them will belong to the user of the import, and their grants fail. ${remedy}`,
        { roles: missing.slice(0, listed) },
      ),
    ],
    refused(report) {
      const left = new Map([...named].map(([key, some]) => [key, some.values()]));
      return report.map((line) => {
        if (line.action !== 'create') return line;
        const object = left.get(keyOf(line))?.next().value;
        const reason = object === undefined ? undefined : reasons.get(object);
        return reason === undefined ? line : { ...line, action: 'refuse', reason };
      });
    },
  };
}

/** The roles that the server will look for when it runs the statement. */
function rolesOf({ type, owner, sql }: DdlObject, known: ReadonlySet<string>): readonly string[] {
  if (type === 'OWNER') return owner === null ? [] : [owner];
  if (!namingTypes.has(type)) return [];
  const words = known.size === 0 ? [] : [...wordsOf([sql])].filter((word) => known.has(word));
  return [...new Set([...words, ...(type === 'POLICY' ? rolesOfPolicy(sql) : granteesOf(sql))])];
}

const name = String.raw`(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`;
/** The end of a GRANT, which holds nothing but names. */
const grantPattern = new RegExp(
  String.raw`^(?:GRANT|ALTER DEFAULT PRIVILEGES)\b.* TO (${name})(?: WITH GRANT OPTION)?;$`,
  'gmu',
);
const policyPattern = new RegExp(
  String.raw`^CREATE POLICY ${name} ON (?:${name}\.)?${name}(?: AS [A-Z]+)?(?: FOR [A-Z]+)? TO (${name}(?:, ${name})*)`,
  'mu',
);
/** Words in the place of a role that are none. */
const noRoles: ReadonlySet<string> = new Set(['PUBLIC', 'CURRENT_USER', 'CURRENT_ROLE', 'SESSION_USER']);

const granteesOf = (sql: string): readonly string[] =>
  [...sql.matchAll(grantPattern)].flatMap(([, role]) => roleIn(role ?? ''));

const rolesOfPolicy = (sql: string): readonly string[] =>
  [...(policyPattern.exec(sql)?.[1] ?? '').matchAll(new RegExp(name, 'gu'))].flatMap(([role]) =>
    roleIn(role),
  );

function roleIn(text: string): readonly string[] {
  if (text.startsWith('"')) return [text.slice(1, -1).replaceAll('""', '"')];
  return noRoles.has(text.toUpperCase()) ? [] : [text];
}

const keyOf = ({ type, schema, name }: Pick<DdlObject, 'type' | 'schema' | 'name'>): string =>
  JSON.stringify([type, schema, name]);

const roleNamed = (name: string): DdlObject => ({
  section: 'pre',
  type: roleType,
  schema: null,
  name,
  table: null,
  owner: null,
  sql: '',
});
