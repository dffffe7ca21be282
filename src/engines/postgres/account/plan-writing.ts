import { quoteIdentifier, quoteQualified } from '../names.ts';
import { ownSchema } from '../own-schema.ts';
import type { OwnerFacts } from './account-facts.ts';
import { grantOn } from './plan-reading.ts';
import { isInScope, type Planned, type PlannedStep, step, type Wanted } from './planned.ts';

/** What imports need: a place for what they make and for their receipts, and rights on what is there already. */
export function writingSteps(wanted: Wanted): Planned {
  const { facts, request, role, members } = wanted;
  const joined = facts.owners.filter(({ name, isMember }) => members.has(name) && !isMember);
  const foreign = facts.relations.filter(
    ({ owner, schema, write, grantable }) =>
      !members.has(owner) && !write && grantable && isInScope(request, schema),
  );
  const names = (isSequence: boolean): readonly string[] =>
    foreign
      .filter((each) => each.isSequence === isSequence && (isSequence || each.takesRows))
      .map(quoteQualified);
  const closed = facts.schemas.filter(
    ({ name, owner, usage, create, grantable }) =>
      isInScope(request, name) && !members.has(owner) && !(usage && create) && grantable,
  );
  return {
    steps: [
      ...placeSteps(wanted),
      ...joined.map(({ name }) => step(`member of ${name}`, `GRANT ${quoteIdentifier(name)} TO ${role}`)),
      ...grantOn(
        role,
        'USAGE, CREATE',
        'SCHEMA',
        closed.map(({ name }) => quoteIdentifier(name)),
      ),
      ...grantOn(role, 'INSERT, TRUNCATE', 'TABLE', names(false)),
      ...grantOn(role, 'UPDATE', 'SEQUENCE', names(true)),
    ],
    notes: facts.owners.flatMap((owner) => ownerNotes(wanted, owner)),
  };
}

/** Schemas that imports may make, or those that they are held to; and one for their receipts, which they make and remove themselves where they can. */
function placeSteps(wanted: Wanted): readonly PlannedStep[] {
  const { facts, request, role } = wanted;
  const { database, receipts } = facts;
  if (request.schemas === null) {
    const name = quoteIdentifier(database.name);
    return [
      ...(database.create
        ? []
        : [
            step(`CREATE in database ${database.name}`, `GRANT CREATE ON DATABASE ${name} TO ${role}`, false),
          ]),
      ...(receipts.exists && !receipts.usable ? [openSchema(role, ownSchema)] : []),
    ];
  }
  const known = new Set(facts.schemas.map(({ name }) => name));
  const missing = request.schemas.filter((name) => !known.has(name));
  const receiptSteps = receipts.usable ? [] : [makeSchema(ownSchema), openSchema(role, ownSchema)];
  return [...missing.flatMap((name) => missingSchemaSteps(wanted, name)), ...receiptSteps];
}

/** Who is to own tables in a schema must be let create there; best is to own it. */
function missingSchemaSteps({ facts, request, role }: Wanted, name: string): readonly PlannedStep[] {
  const owners = request.owners.map(quoteIdentifier);
  const [first] = owners;
  if (facts.administrator.superuser && first !== undefined) {
    return [
      makeSchema(name, ` AUTHORIZATION ${first}`),
      openSchema([role, ...owners.slice(1)].join(', '), name),
    ];
  }
  return [makeSchema(name), openSchema([role, ...owners].join(', '), name)];
}

const makeSchema = (name: string, tail = ''): PlannedStep =>
  step(`schema ${name}`, `CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(name)}${tail}`, false);

const openSchema = (roles: string, name: string): PlannedStep =>
  step(
    `USAGE, CREATE on schema ${name}`,
    `GRANT USAGE, CREATE ON SCHEMA ${quoteIdentifier(name)} TO ${roles}`,
    false,
  );

/** About who owns things that imports can then not alter, replace or give to him. */
function ownerNotes({ facts, request, members }: Wanted, owner: OwnerFacts): readonly string[] {
  const isConcerned =
    request.owners.includes(owner.name) || owner.schemas.some((schema) => isInScope(request, schema));
  if (!isConcerned) return [];
  if (members.has(owner.name)) {
    return owner.name === facts.database.owner
      ? [
          `The role ${owner.name} owns the database too: as its member, ${request.user} could drop or rename it.`,
        ]
      : [];
  }
  const why = owner.superuser
    ? 'it is a superuser'
    : owner.powerful
      ? 'it may do more than own things'
      : 'the administrator may not make others members of it';
  return [
    `What ${owner.name} owns is not altered or replaced by imports, nor given to it: ${request.user} is no member, since ${why}.`,
  ];
}
