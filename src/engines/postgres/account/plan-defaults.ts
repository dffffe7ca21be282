import { quoteIdentifier } from '../names.ts';
import type { DefaultPrivileges } from './account-facts.ts';
import { type Planned, type PlannedStep, step, type Wanted } from './planned.ts';

/** The first version that has default privileges for large objects. */
const largeObjectVersion = 180_000;

/** What must be readable of what others will make: without it an export of next week would lack the tables of this one. Members of the owner need nothing. */
export function defaultSteps({ facts, role, members }: Wanted): Planned {
  const owners = facts.owners.filter(({ alterable }) => alterable).map(({ name }) => name);
  const makers = new Set([...owners, facts.administrator.name]);
  const rights = [
    ['SCHEMAS', 'USAGE'],
    ['TABLES', 'SELECT'],
    ['SEQUENCES', 'SELECT'],
    ...(facts.serverVersionNum < largeObjectVersion ? [] : ([['LARGE OBJECTS', 'SELECT']] as const)),
  ] as const;
  const lacking = [...makers]
    .filter((owner) => !members.has(owner))
    .flatMap((owner) => rights.map(([kind, privilege]) => ({ owner, kind, privilege })))
    .filter((wanted) => !facts.defaults.some((known) => isSame(known, wanted)));
  return { steps: lacking.map((each) => defaultStep(role, each)), notes: [] };
}

const isSame = (known: DefaultPrivileges, { owner, kind, privilege }: DefaultPrivileges): boolean =>
  known.owner === owner && known.kind === kind && known.privilege === privilege;

const defaultStep = (role: string, { owner, kind, privilege }: DefaultPrivileges): PlannedStep =>
  step(
    `${privilege} on ${kind.toLowerCase()} that ${owner} will make`,
    `ALTER DEFAULT PRIVILEGES FOR ROLE ${quoteIdentifier(owner)} GRANT ${privilege} ON ${kind} TO ${role}`,
  );
