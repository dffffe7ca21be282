import { type DdlObject, isOfDatabase } from '../core/catalogue.ts';
import type { NewJobLogEntry } from '../core/job.ts';
import { errorLine, logLine } from './log-lines.ts';
import type { DecidedTable, TableDecision } from './table-decision.ts';

/** From here on one line tells of all that had the same fate. */
const manyLines = 20;

/** An amber line. */
export const warnLine = (message: string, data: NewJobLogEntry['data'] = {}): NewJobLogEntry => ({
  level: 'warn',
  event: 'note',
  message,
  data,
});

/** `schema.name`, as messages say it. */
export const displayName = ({
  schema,
  name,
}: {
  readonly schema: string | null;
  readonly name: string;
}): string => (schema === null ? name : `${schema}.${name}`);

const fates: Readonly<Partial<Record<TableDecision['action'], string>>> = {
  append: 'its rows are added to those that it has',
  truncate: 'it is emptied first',
  replace: 'it is dropped and made anew',
};

/** What becomes of tables that exist. A table that is refused is an error, each by itself. */
export function tableDecisionLines(decisions: readonly DecidedTable[]): readonly NewJobLogEntry[] {
  const [largeObjects, tables] = [decisions.filter(isLarge), decisions.filter((one) => !isLarge(one))];
  const of = (wanted: TableDecision['action']) =>
    tables.flatMap(({ table, decision: { action, reason } }) =>
      action === wanted ? [{ table, reason }] : [],
    );
  return [
    ...largeObjects.flatMap(largeObjectLine),
    ...of('refuse').map(({ table, reason }) =>
      errorLine(`The table ${displayName(table)} is left out: ${reason}.`, {
        code: 'object-exists',
        object: displayName(table),
      }),
    ),
    ...few(
      of('skip'),
      ({ table, reason }) => `The table ${displayName(table)} is skipped: ${reason}.`,
      (count) => `${count} tables are skipped, since they exist already.`,
    ),
    ...Object.entries(fates).flatMap(([action, fate]) =>
      few(
        of(action as TableDecision['action']),
        ({ table, reason }) =>
          reason === ''
            ? `The table ${displayName(table)} exists already: ${fate}.`
            : `The table ${displayName(table)}: ${reason}.`,
        (count) =>
          `${count} tables exist already; of each, ${reasonOfAll(of(action as TableDecision['action'])) ?? fate}.`,
      ),
    ),
  ];
}

/** What is said of every one of them. */
function reasonOfAll(some: readonly { readonly reason: string }[]): string | null {
  const reasons = new Set(some.map(({ reason }) => reason));
  const [reason = ''] = reasons;
  return reasons.size === 1 && reason !== '' ? reason : null;
}

const isLarge = ({ table }: DecidedTable): boolean => isOfDatabase(table);

function largeObjectLine({ decision: { action, reason } }: DecidedTable): NewJobLogEntry | [] {
  if (reason === '') return [];
  return action === 'refuse'
    ? errorLine(`Large objects are left out: ${reason}.`, { code: 'object-exists' })
    : logLine('note', `Large objects: ${reason}.`);
}

/** What is dropped together with tables, and made anew. */
export function remadeLines(objects: ReadonlySet<DdlObject>): readonly NewJobLogEntry[] {
  if (objects.size === 0) return [];
  const names = [...objects].map((object) => `${object.type.toLowerCase()} ${displayName(object)}`);
  return [
    logLine(
      'note',
      `Dropped together with the tables that they are made from, and made anew: ${names.join(', ')}.`,
    ),
  ];
}

/** Objects that exist and stay as they are. */
export function leftLines(objects: readonly DdlObject[]): readonly NewJobLogEntry[] {
  const byType = Map.groupBy(objects, ({ type }) => type);
  return [...byType].flatMap(([type, some]) =>
    few(
      some,
      (object) => `The ${type.toLowerCase()} ${displayName(object)} exists already and is left as it is.`,
      (count) => `${count} objects of type ${type} exist already and are left as they are.`,
    ),
  );
}

function few<T>(
  all: readonly T[],
  line: (one: T) => string,
  summary: (count: number) => string,
): NewJobLogEntry[] {
  return all.length > manyLines
    ? [logLine('note', summary(all.length))]
    : all.map((one) => logLine('note', line(one)));
}
