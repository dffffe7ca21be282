import { quoteIdentifier, quoteQualified } from '../names.ts';
import type { RelationFacts } from './account-facts.ts';
import { type Planned, type PlannedStep, step, type Wanted } from './planned.ts';

/** Names in one statement, so that it can be read, and does not take too many of the server's locks. */
const namesAtOnce = 100;

/** Pieces of at most {@link namesAtOnce}. */
function pieces<T>(all: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / namesAtOnce) }, (_, index) =>
    all.slice(index * namesAtOnce, (index + 1) * namesAtOnce),
  );
}

/** Rights on many things by statements that name them, since one on ALL TABLES fails for a single table that is not the administrator's. */
export function grantOn(
  role: string,
  privileges: string,
  kind: string,
  names: readonly string[],
): readonly PlannedStep[] {
  return pieces(names).map((some) =>
    step(
      `${privileges} on ${some.length} ${kind.toLowerCase()}${some.length === 1 ? '' : 's'}`,
      `GRANT ${privileges} ON ${kind} ${some.join(', ')} TO ${role}`,
    ),
  );
}

/**
 * Each thing by itself. The role pg_read_all_data of servers from 14 on would do in one, and would give away the other databases of the server and, in pg_authid, what it
 * keeps of everybody's passwords.
 */
export function readingSteps({ facts, role, members }: Wanted): Planned {
  const schemas = facts.schemas.filter(({ usage, owner }) => !usage && !members.has(owner));
  const relations = facts.relations.filter(({ select, owner }) => !select && !members.has(owner));
  const granted = schemas.filter(({ grantable }) => grantable);
  const of = (isSequence: boolean): readonly string[] =>
    relations.filter((each) => each.grantable && each.isSequence === isSequence).map(quoteQualified);
  return {
    steps: [
      ...grantOn(
        role,
        'USAGE',
        'SCHEMA',
        granted.map(({ name }) => quoteIdentifier(name)),
      ),
      ...grantOn(role, 'SELECT', 'TABLE', of(false)),
      ...grantOn(role, 'SELECT', 'SEQUENCE', of(true)),
    ],
    notes: [
      ...barred(
        'schemas',
        schemas.filter(({ grantable }) => !grantable).map(({ name }) => quoteIdentifier(name)),
      ),
      ...barred(
        'tables and sequences',
        relations.filter((each: RelationFacts) => !each.grantable).map(quoteQualified),
      ),
    ],
  };
}

function barred(things: string, names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  return [
    `${names.length} ${things} will not be read, since the administrator may not grant it, the first of them ${names[0]}: run the installation as their owner too, or as a superuser.`,
  ];
}

/** Nothing reads all large objects but superusers: each has rights of its own. */
export function largeObjectSteps({ facts, role, members }: Wanted): Planned {
  const lacking = facts.largeObjects.filter(({ owner }) => !members.has(owner));
  const grantable = lacking.filter((each) => each.grantable);
  return {
    steps: grantOn(
      role,
      'SELECT',
      'LARGE OBJECT',
      grantable.map(({ oid }) => String(oid)),
    ),
    notes: barred(
      'large objects',
      lacking.filter((each) => !each.grantable).map(({ oid }) => String(oid)),
    ),
  };
}
