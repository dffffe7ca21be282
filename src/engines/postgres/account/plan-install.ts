import { AppError } from '../../../core/errors.ts';
import type { AccountRequest } from '../../accounts.ts';
import { quoteIdentifier, quoteLiteral } from '../names.ts';
import type { AccountFacts, OwnerFacts } from './account-facts.ts';
import { defaultSteps } from './plan-defaults.ts';
import { largeObjectSteps, readingSteps } from './plan-reading.ts';
import { writingSteps } from './plan-writing.ts';
import { isInScope, type Planned, type PlannedStep, step, type Wanted } from './planned.ts';
import { markOf } from './role-mark.ts';

/**
 * Pure: what must be done so that exports and imports can work as the user, and no more: all that it has already is left out, so that a second
 * plan is empty.
 * @param verifier what the server is to keep of the password
 */
export function planInstall(facts: AccountFacts, request: AccountRequest, verifier: string | null): Planned {
  checkOwners(facts, request);
  const wanted: Wanted = {
    facts,
    request,
    role: quoteIdentifier(request.user),
    members: membersOf(facts, request),
  };
  const parts = [
    roleSteps(wanted, verifier),
    readingSteps(wanted),
    largeObjectSteps(wanted),
    rowSecuritySteps(wanted),
    ...(request.readOnly ? [] : [writingSteps(wanted)]),
    defaultSteps(wanted),
  ];
  return { steps: parts.flatMap(({ steps }) => steps), notes: parts.flatMap(({ notes }) => notes) };
}

/**
 * Who owns tables may be joined by the user, since nothing else lets it alter or replace them, and give them to their owner; but for owners who could do more than
 * that, unless they were asked for.
 */
function membersOf({ owners }: AccountFacts, request: AccountRequest): ReadonlySet<string> {
  const joined = owners.filter((owner) => {
    if (owner.isMember) return true;
    if (request.readOnly || owner.superuser || !owner.grantable) return false;
    if (request.owners.includes(owner.name)) return true;
    return !owner.powerful && owner.schemas.some((schema) => isInScope(request, schema));
  });
  return new Set(joined.map(({ name }) => name));
}

function checkOwners({ owners }: AccountFacts, request: AccountRequest): void {
  const find = (name: string): OwnerFacts | undefined => owners.find((owner) => owner.name === name);
  for (const name of request.owners) {
    const owner = find(name);
    if (owner !== undefined && !owner.superuser) continue;
    throw new AppError('field-invalid', {
      field: 'owners',
      message:
        owner === undefined
          ? `There is no role ${JSON.stringify(name)} that things could be given to.`
          : `The role ${JSON.stringify(name)} is a superuser, and its members would be so too.`,
      hint: 'Name a role that owns what imports make, and may do nothing else.',
    });
  }
}

function roleSteps({ facts, request, role }: Wanted, verifier: string | null): Planned {
  const { role: known, database } = facts;
  const password = `PASSWORD '[secret]'`;
  const withPassword = (statement: string): Pick<PlannedStep, 'statement' | 'secret'> =>
    verifier === null
      ? { statement }
      : {
          statement: `${statement} ${password}`,
          secret: `${statement} PASSWORD ${quoteLiteral(verifier)}`,
        };
  const steps: PlannedStep[] = [];
  if (known === null) {
    steps.push(
      {
        title: `role ${request.user}`,
        isOptional: false,
        ...withPassword(`CREATE ROLE ${role} LOGIN INHERIT`),
      },
      step(
        `mark of role ${request.user}`,
        `COMMENT ON ROLE ${role} IS ${quoteLiteral(markOf(request.label))}`,
        false,
      ),
    );
  } else {
    const lacks = [
      ...(known.login ? [] : ['LOGIN']),
      ...(known.inherit ? [] : ['INHERIT']),
      ...(known.expired ? ["VALID UNTIL 'infinity'"] : []),
    ];
    if (lacks.length > 0) {
      steps.push(
        step(`${lacks.join(', ')} of role ${request.user}`, `ALTER ROLE ${role} ${lacks.join(' ')}`, false),
      );
    }
    if (verifier !== null) {
      steps.push({
        title: `password of role ${request.user}`,
        isOptional: false,
        ...withPassword(`ALTER ROLE ${role}`),
      });
    }
  }
  if (!database.connect) {
    steps.push(
      step(
        `CONNECT to database ${database.name}`,
        `GRANT CONNECT ON DATABASE ${quoteIdentifier(database.name)} TO ${role}`,
        false,
      ),
    );
  }
  const excess = known?.excess ?? [];
  return {
    steps,
    notes:
      excess.length === 0
        ? []
        : [
            `The role ${request.user} has ${excess.join(', ')}, which no job needs: ALTER ROLE takes it away.`,
          ],
  };
}

/** Row security hides rows from everybody but owners and those who may go past it, and an export would fail rather than lose them. */
function rowSecuritySteps({ facts, request, role, members }: Wanted): Planned {
  const { administrator: admin, rowSecurity, serverVersionNum, role: known } = facts;
  const hidden = rowSecurity.filter(({ owner, forced }) => forced || !members.has(owner));
  if (hidden.length === 0 || known?.bypassRls === true) return { steps: [], notes: [] };
  const may = admin.superuser || (serverVersionNum >= 160_000 && admin.createRole && admin.bypassRls);
  if (may) {
    return {
      steps: [step('all rows of tables with row security (BYPASSRLS)', `ALTER ROLE ${role} BYPASSRLS`)],
      notes: [],
    };
  }
  return {
    steps: [],
    notes: [
      `Row security hides rows of ${hidden.length} tables from the role ${request.user}, the first of them ${hidden[0]?.name}: they fail in exports rather than lose rows. A superuser can ALTER ROLE ${role} BYPASSRLS.`,
    ],
  };
}
