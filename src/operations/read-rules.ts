import type { Table } from '../core/catalogue.ts';
import { isOfDatabase, tableKey } from '../core/catalogue.ts';
import { type Mask, maskMethods, type ReadOptions } from '../core/request.ts';
import { pinClock } from '../core/row-filter.ts';
import { parseRowFilter } from '../core/row-filter-parser.ts';
import { findTables, parseTableReference, type TableReference } from '../core/table-reference.ts';
import { invalid, type RuledTable, TableRules, twice } from './table-rules.ts';

/** The part of a request that says which rows and values are read. */
export type ReadRuleOptions = Pick<ReadOptions, 'queries' | 'samples' | 'excludeColumns' | 'masks'>;

/** Tables with their rules. */
export interface ResolvedReads {
  readonly tables: readonly RuledTable[];
  /** One sentence for the job's log on each rule that an import of the rows will stumble over. */
  readonly warnings: readonly string[];
  /** One sentence for each table whose rules hold for others too, because they inherit from it. */
  readonly notes: readonly string[];
}

/** Most characters at each end that a partial mask keeps. */
const mostKept = 1_000;

/**
 * What can be known of the rules before a job exists: references and filters parse, percents and masks are in range.
 * @throws AppError field-invalid, expression-invalid with the field that is wrong
 */
export async function checkReadRules(request: ReadRuleOptions): Promise<void> {
  for (const [i, { table, where }] of request.queries.entries()) {
    parseTableReference(table, `query[${i}].table`);
    await parseRowFilter(where, `query[${i}].where`);
  }
  for (const [i, { table, percent }] of request.samples.entries()) {
    if (table !== null) parseTableReference(table, `sample[${i}].table`);
    if (!(percent > 0 && percent <= 100)) {
      throw invalid(
        `sample[${i}].percent`,
        `${percent} percent is no part of the rows.`,
        'Give a number above 0, at most 100.',
      );
    }
  }
  const all = request.samples.flatMap(({ table }, i) => (table === null ? [i] : []));
  if (all.length > 1) throw twice(`sample[${all[1]}].table`, 'Two samples are for all tables.');
  for (const [i, { table, columns }] of request.excludeColumns.entries()) {
    parseTableReference(table, `exclude_columns[${i}].table`);
    if (columns.length === 0) {
      throw invalid(`exclude_columns[${i}].columns`, 'No column is named.', 'Name the columns to leave out.');
    }
  }
  const masked = new Set<string>();
  for (const [i, { table, column, mask }] of request.masks.entries()) {
    const { schema, name } = parseTableReference(table, `mask[${i}].table`);
    checkMask(mask, `mask[${i}]`);
    // Other spellings of one column show when its table is known.
    const key = JSON.stringify([schema, name, column]);
    if (masked.has(key)) throw twice(`mask[${i}].column`, `The column ${column} of ${table} has two masks.`);
    masked.add(key);
  }
}

function checkMask(mask: Mask, field: string): void {
  if (!maskMethods.includes(mask.method)) {
    throw invalid(
      `${field}.method`,
      `There is no mask ${String(mask.method)}.`,
      `Use ${maskMethods.join(', ')}.`,
    );
  }
  if (mask.method === 'constant' && mask.value.includes('\0')) {
    throw invalid(`${field}.value`, 'The constant holds a NUL character.', 'Leave the NUL character out.');
  }
  if (mask.method !== 'partial') return;
  for (const [name, count] of [
    ['keep_first', mask.keepFirst],
    ['keep_last', mask.keepLast],
  ] as const) {
    if (Number.isInteger(count) && count >= 0 && count <= mostKept) continue;
    throw invalid(
      `${field}.${name}`,
      `${count} is no number of characters to keep.`,
      `Give a whole number from 0 to ${mostKept}.`,
    );
  }
}

/**
 * The tables with what the request says of them: columns that are left out are gone from `columns`, the rest is in `rules`. A rule for a
 * partitioned table is one for each of its parts, a rule for a table one for those that inherit from it too, since its queries show their
 * rows; several filters of one table all hold.
 * @param hashKey of the dump set: samples and hashed values come from it, so it must be the same when the job goes on
 * @param now what `now()` and `current_date` in filters mean
 * @throws AppError field-invalid, expression-invalid with the field that is wrong
 */
export async function resolveReadRules(
  request: ReadRuleOptions,
  tables: readonly Table[],
  hashKey: string,
  now: Date,
): Promise<ResolvedReads> {
  await checkReadRules(request);
  // What belongs to the database as a whole has no rows that a request could speak of.
  const nameable = tables.filter((table) => !isOfDatabase(table));
  const drafts = new Map(nameable.map((table) => [tableKey(table), new TableRules(table)]));
  /** By what the request names. */
  const heirs = new Map<string, Set<string>>();
  /** Runs `apply` on each table that `text` names. */
  const each = (
    text: string,
    field: string,
    apply: (draft: TableRules, reference: TableReference) => void,
  ): void => {
    const reference = parseTableReference(text, field);
    for (const table of findTables(reference, nameable, field)) {
      apply(drafts.get(tableKey(table)) as TableRules, reference);
      if (isHeirOnly(table, reference))
        heirs.set(text, (heirs.get(text) ?? new Set()).add(`${table.schema}.${table.name}`));
    }
  };
  for (const [i, { table, where }] of request.queries.entries()) {
    const field = `query[${i}].where`;
    const filter = pinClock(await parseRowFilter(where, field), now);
    each(table, `query[${i}].table`, (draft, reference) => draft.addFilter(filter, reference, field));
  }
  for (const [i, { table, percent }] of request.samples.entries()) {
    if (table !== null)
      each(table, `sample[${i}].table`, (draft) => draft.setPercent(percent, `sample[${i}].table`));
  }
  const general = request.samples.find(({ table }) => table === null)?.percent ?? null;
  for (const [i, { table, columns }] of request.excludeColumns.entries()) {
    const field = `exclude_columns[${i}].columns`;
    each(table, `exclude_columns[${i}].table`, (draft) => draft.exclude(columns, field));
  }
  for (const [i, mask] of request.masks.entries()) {
    each(mask.table, `mask[${i}].table`, (draft) => draft.addMask(mask, `mask[${i}]`));
  }
  return {
    tables: tables.map(
      (table) =>
        drafts.get(tableKey(table))?.finish(general, hashKey) ?? { ...table, rules: null, reduced: [] },
    ),
    warnings: [...drafts.values()].flatMap((draft) => draft.warnings()),
    notes: [...heirs].map(
      ([text, names]) =>
        `What is said of ${text} holds for the tables that inherit from it: ${[...names].join(', ')}.`,
    ),
  };
}

/** Whether `reference` means a table because of what it inherits from, and not by its own name. */
function isHeirOnly({ schema, name, inherits }: Table, reference: TableReference): boolean {
  const isOwn = (own: string, wanted: string | null): boolean =>
    wanted === null || own.toLowerCase() === wanted.toLowerCase();
  return inherits !== undefined && !(isOwn(schema, reference.schema) && isOwn(name, reference.name));
}
