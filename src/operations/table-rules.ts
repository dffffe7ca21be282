import { createHash } from 'node:crypto';
import type { Table } from '../core/catalogue.ts';
import { tableKey } from '../core/catalogue.ts';
import { AppError } from '../core/errors.ts';
import type { MaskedColumn, ReadRules, Reduction } from '../core/read-rules.ts';
import type { ColumnMask } from '../core/request.ts';
import { bothFilters, mapLeaves, type RowFilter } from '../core/row-filter.ts';
import { sameName, type TableReference } from '../core/table-reference.ts';
import type { TableToRead } from '../engines/engine.ts';

/** A table to read, and what an import of its rows will not find. */
export interface RuledTable extends TableToRead {
  /** Empty: every row and column, as they are. */
  readonly reduced: readonly Reduction[];
}

/** What is known so far of one table's rules. Its methods take a request's parts and throw `field-invalid` for what the table cannot have. */
export class TableRules {
  readonly #table: Table;
  readonly #title: string;
  readonly #excluded = new Set<string>();
  readonly #masks = new Map<string, MaskedColumn>();
  #filter: RowFilter | null = null;
  #filterField = 'query';
  #percent: number | null = null;

  constructor(table: Table) {
    this.#table = table;
    this.#title = `${table.schema}.${table.name}`;
  }

  addFilter(filter: RowFilter, reference: TableReference, field: string): void {
    const generated = this.#table.generated ?? [];
    const found = mapLeaves(filter, (leaf) => {
      if (leaf.kind !== 'column') return leaf;
      if (leaf.table !== null && leaf.table.toLowerCase() !== reference.name.toLowerCase()) {
        throw invalid(
          field,
          `The filter of ${reference.text} asks for ${leaf.table}.${leaf.name}, a column of something else.`,
          'Name columns of the table itself only.',
        );
      }
      return { kind: 'column', table: null, name: this.#column(leaf.name, generated, field) };
    });
    this.#filterField = this.#filter === null ? field : 'query';
    this.#filter = bothFilters(this.#filter, found);
  }

  setPercent(percent: number, field: string): void {
    if (this.#percent !== null) throw twice(field, `Two samples are for the table ${this.#title}.`);
    this.#percent = percent;
  }

  exclude(columns: readonly string[], field: string): void {
    for (const wanted of columns) {
      const name = this.#column(wanted, [], field);
      if (this.#excluded.has(name))
        throw twice(field, `The column ${name} of ${this.#title} is left out twice.`);
      this.#excluded.add(name);
    }
    if (this.#excluded.size === this.#table.columns.length) {
      throw invalid(
        field,
        `Every column of the table ${this.#title} is left out.`,
        'Leave the table out of the selection instead.',
      );
    }
  }

  addMask({ column, mask }: ColumnMask, field: string): void {
    const name = this.#column(column, [], `${field}.column`);
    if (this.#masks.has(name))
      throw twice(`${field}.column`, `The column ${name} of ${this.#title} has two masks.`);
    if (this.#excluded.has(name)) {
      throw invalid(
        `${field}.column`,
        `The column ${name} of ${this.#title} is left out, so it cannot be masked.`,
        'Take it out of exclude_columns or of mask.',
      );
    }
    if (mask.method === 'null' && this.#table.notNull?.includes(name) === true) {
      throw invalid(
        `${field}.method`,
        `The column ${name} of ${this.#title} is NOT NULL.`,
        'Mask it with hash or a constant.',
      );
    }
    if (this.#table.partitionKey?.includes(name) === true) {
      throw invalid(
        `${field}.column`,
        `The column ${name} of ${this.#title} decides which partition a row belongs to, so its values must stay.`,
        'Leave the column as it is, or the partitions out of the selection.',
      );
    }
    if (mask.method === 'constant' && this.#isKey(name)) {
      throw invalid(
        `${field}.method`,
        `The column ${name} of ${this.#title} is a unique key, which cannot hold one constant in every row.`,
        'Mask it with hash, which keeps different values different.',
      );
    }
    this.#masks.set(name, { column: name, mask, field });
  }

  finish(generalPercent: number | null, hashKey: string): RuledTable {
    const percent = this.#percent ?? generalPercent ?? 100;
    const sample = percent < 100 ? { percent, seed: seedOf(hashKey, tableKey(this.#table)) } : null;
    const masks = [...this.#masks.values()];
    const columns = this.#table.columns.filter(({ name }) => !this.#excluded.has(name));
    const from = this.#filter === null ? {} : { filterField: this.#filterField };
    const rules: ReadRules = { filter: this.#filter, ...from, sample, masks, hashKey };
    const filtered = this.#filter !== null;
    const plain = !filtered && sample === null && masks.length === 0;
    const reduced: readonly Reduction[] = [
      ...(filtered ? (['filtered'] as const) : []),
      ...(sample === null ? [] : (['sampled'] as const)),
      ...(masks.length === 0 ? [] : (['masked'] as const)),
      ...(this.#excluded.size === 0 ? [] : (['columns'] as const)),
    ];
    return { ...this.#table, columns, rules: plain ? null : rules, reduced };
  }

  warnings(): readonly string[] {
    const missing = this.#table.required?.filter((name) => this.#excluded.has(name)) ?? [];
    const blurred = [...this.#masks].filter(
      ([name, { mask }]) => mask.method === 'partial' && this.#isKey(name),
    );
    return [
      ...(missing.length === 0
        ? []
        : [
            `The table ${this.#title} goes out without ${missing.join(', ')}, which must have a value: ` +
              'its rows cannot be imported before the target takes rows without it.',
          ]),
      ...blurred.map(
        ([name]) =>
          `The column ${name} of ${this.#title} is a unique key, and a partial mask may make values of it equal: ` +
          'the import will say so when it makes the key. The mask hash keeps them different.',
      ),
    ];
  }

  #isKey(column: string): boolean {
    return this.#table.keys?.some((columns) => columns.length === 1 && columns[0] === column) ?? false;
  }

  /** The name of the column that `wanted` means. */
  #column(wanted: string, besides: readonly string[], field: string): string {
    const names = [...this.#table.columns.map(({ name }) => name), ...besides];
    const found = names.find(sameName(wanted, new Set(names)));
    if (found !== undefined) return found;
    throw invalid(
      field,
      `The table ${this.#title} has no column ${wanted} whose values are exported.`,
      `It has ${names.join(', ')}.`,
    );
  }
}

/** From 0 to 2^31 - 1. */
const seedOf = (hashKey: string, table: string): number =>
  createHash('sha256').update(`sample\0${hashKey}\0${table}`).digest().readUInt32BE(0) >>> 1;

export const invalid = (field: string, message: string, hint: string): AppError =>
  new AppError('field-invalid', { field, message, hint });

export const twice = (field: string, message: string): AppError => invalid(field, message, 'Say it once.');
