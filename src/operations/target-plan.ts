import { type DdlObject, isOfDatabase, type TableName, tableKey } from '../core/catalogue.ts';
import type { OperationContext } from '../core/context.ts';
import type { AppError } from '../core/errors.ts';
import type { NewJobLogEntry } from '../core/job.ts';
import type { DryRunReport } from '../core/job-report.ts';
import { objectsOfContent } from '../core/object-content.ts';
import type { Content, TableExistsAction, WriteOptions } from '../core/request.ts';
import type { Engine, ExistingTable, TargetSession, ToClear } from '../engines/engine.ts';
import { loadOrder } from './load-order.ts';
import { findRemade } from './remade-objects.ts';
import {
  type DecidedTable,
  decideLargeObjects,
  decideTable,
  type ExistingRows,
  type TableDecision,
} from './table-decision.ts';
import { leftLines, remadeLines, tableDecisionLines, warnLine } from './target-lines.ts';
import { lookFor, sortObjects } from './target-objects.ts';
import { inUse, refusalOf } from './target-refusal.ts';
import { reported, reportObjects } from './target-report.ts';

/** A table whose rows are to be brought, under the target's names. */
export interface TargetTable extends TableName {
  /** The columns that the rows have. */
  readonly columns: readonly string[];
  readonly rows: number;
  readonly bytes: number;
  /** The source has no whole rows of it (its export failed): what the target has is not given up for them. */
  readonly incomplete?: boolean;
  /** Into how many units its rows are cut; absent: nobody knows yet. */
  readonly parts?: number;
}

/** What is to be brought, and where to. */
export interface TargetQuestion<T extends TargetTable> {
  readonly engine: Engine;
  readonly target: TargetSession;
  readonly options: WriteOptions;
  readonly content: Content;
  /** Chosen, remapped, without globals that were not asked for; `content` is applied here. */
  readonly objects: readonly DdlObject[];
  readonly tables: readonly T[];
  /** Of the target, for messages. */
  readonly databaseName: string;
  /** Whatever it holds is gone by the time that anything is written. */
  readonly isErased: boolean;
}

/** How the rows of a table are written. */
export const writeActions = ['create', 'append', 'truncate', 'replace'] as const;
export type WriteAction = (typeof writeActions)[number];
const isWriting = (action: TableDecision['action']): action is WriteAction =>
  (writeActions as readonly string[]).includes(action);

/** A table whose rows are written, and how. */
export type WrittenTable<T extends TargetTable> = T & {
  readonly action: WriteAction;
  /** With `append` alone, see WriteUnit. */
  readonly existingRows?: ExistingRows;
};

/** What is done in the target, decided before anything is written. */
export interface TargetPlan<T extends TargetTable> {
  /** Why nothing may be done at all; a dry run reports it, any other job throws it. */
  readonly refusal: AppError | null;
  /** To be made, in their order. */
  readonly objects: readonly DdlObject[];
  /** Whose rows are to be written. */
  readonly tables: readonly WrittenTable<T>[];
  /** For {@link TargetSession.clearTables}, before anything is made; the task `clear` of {@link applyTasks}. */
  readonly clear: readonly ToClear[];
  /** By table key: keys of the tables whose rows must be there first, because foreign keys of tables that exist stay active. */
  readonly order: ReadonlyMap<string, readonly string[]>;
  readonly log: readonly NewJobLogEntry[];
  /** Tables that were refused while the job goes on: errors of the job. Their lines are in `log`. */
  readonly errors: number;
  readonly report: Pick<DryRunReport, 'objects' | 'tables'>;
}

/**
 * Decides by Data Pump's rules what becomes of what the target has already (see {@link TableExistsAction}). Reads the target, and writes
 * nothing. Other things that exist, of any type, stay as they are when a table_exists_action was given; without one, they refuse the job.
 *
 * The value of a sequence that exists stays, except of one that belongs to a table that is emptied: then rows and value are the source's.
 */
export async function decideTarget<T extends TargetTable>(
  question: TargetQuestion<T>,
  context: OperationContext,
): Promise<TargetPlan<T>> {
  const { engine, target, options, content } = question;
  const objects = objectsOfContent(content, question.objects);
  const tables = content === 'metadata_only' ? [] : question.tables;

  // What of it is there already?
  // Rows of large objects may come without their definitions.
  const largeObjects = tables.some(isOfDatabase)
    ? question.objects.filter(({ type }) => type === 'BLOB')
    : [];
  const asked = question.isErased ? [] : [...new Set([...objects, ...largeObjects])];
  const isThere = await lookFor(target, asked, context);
  const definitions = objects.filter(({ type }) => type === 'TABLE');
  const names = [...definitions.map(nameOf), ...tables.map(nameOf)];
  const described = question.isErased ? [] : await target.describeTables?.(names, context);
  const found = new Map((described ?? []).map((table) => [tableKey(table), table]));

  // What becomes of each table, and with it of each object?
  const decisions = decideTables(question, definitions, tables, isThere, found);
  const all = [...decisions.values()];
  const remade = findRemade(objects, all, found);
  const sorted = sortObjects({
    objects,
    decisions,
    isThere,
    remade: remade.objects,
    content,
    action: options.tableExistsAction,
    globalTypes: engine.capabilities.globalTypes,
  });
  const decisionOf = (table: TableName) => (decisions.get(tableKey(table)) as DecidedTable).decision;
  const written = tables.flatMap((table) => {
    const { action, existingRows } = decisionOf(table);
    if (!isWriting(action)) return [];
    return { ...table, action, ...(existingRows === undefined ? {} : { existingRows }) };
  });
  const order = orderOf(written, found);
  return {
    refusal:
      refusalOf(question, sorted.blocked, all, written.length === 0 && sorted.made.every(isOutside)) ??
      inUse(all, found, remade.has),
    objects: sorted.made,
    tables: written,
    clear: [...toDrop(remade.objects), ...all.flatMap(toClear(options.tableExistsAction))],
    order: order.first,
    log: [
      ...tableDecisionLines(all),
      ...remadeLines(remade.objects),
      ...leftLines(sorted.left),
      ...order.circles.filter(isHarmful(written)).map(circleLine),
    ],
    errors: all.filter(({ decision }) => decision.action === 'refuse').length,
    report: {
      objects: reportObjects(engine, sorted, decisions, remade.objects),
      tables: tables.map((table) => ({
        ...nameOf(table),
        ...reported(decisionOf(table)),
        rows: table.rows,
        bytes: table.bytes,
      })),
    },
  };
}

/** Schemas come along with what is in them. */
const isOutside = ({ schema }: DdlObject): boolean => schema === null;

const howToClear: Readonly<Partial<Record<TableDecision['action'], ToClear['how']>>> = {
  truncate: 'truncate',
  replace: 'drop',
};

const toClear =
  (asked: TableExistsAction | null) =>
  ({ table, decision: { action } }: DecidedTable): ToClear | [] => {
    const how = isOfDatabase(table) && asked === 'skip' ? 'keep' : howToClear[action];
    return how === undefined ? [] : { ...table, how };
  };

const toDrop = (objects: Iterable<DdlObject>): readonly ToClear[] =>
  [...objects].map(({ type, schema, name }) => ({ type, schema: schema ?? '', name, how: 'drop' }));

const nameOf = ({ schema, name }: { readonly schema: string | null; readonly name: string }): TableName => ({
  schema: schema ?? '',
  name,
});

function decideTables<T extends TargetTable>(
  { engine, options, content, objects: offeredObjects, tables: offered }: TargetQuestion<T>,
  definitions: readonly DdlObject[],
  tables: readonly T[],
  isThere: (object: DdlObject) => boolean,
  found: ReadonlyMap<string, ExistingTable>,
): ReadonlyMap<string, DecidedTable> {
  const defined = new Map(definitions.map((object) => [tableKey(nameOf(object)), object]));
  const rows = new Map(tables.map((table) => [tableKey(table), table]));
  const incomplete = new Set(offered.filter((table) => table.incomplete === true).map(tableKey));
  const decide = (table: TableName): [string, DecidedTable] => {
    const key = tableKey(table);
    if (isOfDatabase(table)) {
      const taken = offeredObjects.some((object) => object.type === 'BLOB' && isThere(object));
      return [key, { table, decision: decideLargeObjects(options.tableExistsAction, content, taken) }];
    }
    const definition = defined.get(key);
    const decision = decideTable({
      action: options.tableExistsAction,
      keyed: engine.capabilities.keyedRows,
      defined: definition !== undefined,
      columns: rows.get(key)?.columns ?? null,
      incomplete: incomplete.has(key),
      taken: definition !== undefined && isThere(definition),
      found: found.get(key) ?? null,
    });
    return [key, { table, decision }];
  };
  return new Map([...definitions.map(nameOf), ...tables.map(nameOf)].map(decide));
}

function orderOf<T extends TargetTable>(
  written: readonly WrittenTable<T>[],
  found: ReadonlyMap<string, ExistingTable>,
) {
  const staying = written.filter(({ action }) => action === 'append' || action === 'truncate');
  return loadOrder(
    staying.flatMap((table) => found.get(tableKey(table)) ?? []),
    new Set(written.map(tableKey)),
  );
}

/** Within one unit, a table's own rows may refer to each other in any order. */
function isHarmful(written: readonly TargetTable[]): (circle: readonly string[]) => boolean {
  const whole = new Set(written.filter(({ parts }) => parts === 1).map(tableKey));
  return (circle) => circle.length > 1 || !whole.has(circle[0] ?? '');
}

const circleLine = (circle: readonly string[]): NewJobLogEntry =>
  warnLine(
    `Foreign keys that stay active lead from ${circle.slice(0, 10).join(', ')} back to where they start: rows that refer to rows which come later will be refused by the target.`,
  );
