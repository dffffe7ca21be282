import { etagOf } from '../../base/etag.ts';
import type { Catalogue } from '../../core/catalogue.ts';
import type { ApiReply, ApiRequest } from '../api.ts';
import { type Address, nameMeant } from './address.ts';
import { callContext, type Operation, type OrdsParts } from './operation.ts';
import { decodePage, type Page, pageLinks } from './paging.ts';
import { type Columns, type Condition, parseQueryFilter } from './query-filter.ts';
import { compareRows, matches } from './query-match.ts';
import { pageQuery, tablePageSchema } from './schemas.ts';

/** A table as the Database API lists it. */
export interface TableItem {
  /** The schema. */
  readonly owner: string;
  readonly table_name: string;
  readonly tablespace_name: string | null;
  /** Estimates. */
  readonly num_rows: number;
  readonly num_bytes: number;
  readonly column_count: number;
}

const tableColumns: Columns = {
  owner: 'string',
  table_name: 'string',
  tablespace_name: 'string',
  num_rows: 'number',
  num_bytes: 'number',
  column_count: 'number',
} satisfies Record<keyof TableItem, Columns[string]>;

/** GET database/objects/tables/: what clients check an import with. */
export function tableOperations(parts: OrdsParts): readonly Operation[] {
  return [
    {
      method: 'GET',
      path: '/database/objects/tables/',
      aliases: ['/database/objects/tables'],
      operationId: 'listTables',
      summary: 'List tables',
      description:
        'The tables of the database as it is now, by owner and name unless $orderby says otherwise.',
      tags: ['Database Objects'],
      access: 'authenticated',
      query: pageQuery,
      responses: { 200: { description: 'One page of tables.', schema: tablePageSchema } },
      handle: (request, address) => listTables(parts, request, address),
    },
  ];
}

async function listTables(parts: OrdsParts, request: ApiRequest, address: Address): Promise<ApiReply> {
  const page = decodePage(request.query, parts.mostRows(address.database));
  const filter = page.q === undefined ? undefined : parseQueryFilter(page.q, tableColumns);
  const catalogue = await parts.service.inspectDatabase(callContext(request), address.database);

  let tables = tableItems(catalogue);
  if (filter !== undefined) {
    const where = withNamesMeant(filter.where, tables);
    tables = tables
      .filter((table) => matches(where, { ...table }, tableColumns))
      .sort((a, b) => compareRows({ ...a }, { ...b }, filter.order, tableColumns));
  }
  const items = tables.slice(page.offset, page.offset + page.limit);
  const hasMore = tables.length > page.offset + page.limit;
  const collection = `${address.base}/database/objects/tables/`;
  const body: Page<TableItem> = {
    items,
    hasMore,
    limit: page.limit,
    offset: page.offset,
    count: items.length,
    links: pageLinks(collection, `${address.base}/metadata-catalog/`, page, hasMore),
  };
  return { status: 200, headers: { ETag: etagOf(body) }, body };
}

const figure = (estimate: number): number => Math.max(0, Math.round(estimate));

function tableItems(catalogue: Catalogue): readonly TableItem[] {
  const items = catalogue.tables.map(
    (table): TableItem => ({
      owner: table.schema,
      table_name: table.name,
      tablespace_name: table.tablespace,
      num_rows: figure(table.estimate.rows),
      num_bytes: figure(table.estimate.bytes),
      column_count: table.columns.length,
    }),
  );
  const before = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return items.sort((a, b) => before(a.owner, b.owner) || before(a.table_name, b.table_name));
}

const nameColumns = ['owner', 'table_name', 'tablespace_name'] as const;

/**
 * The condition with names as the database spells them: Oracle's clients write capitals, so that a name is compared without regard to case
 * where only one name is meant. Text tests ($like and its kind) stay exact, as documented.
 */
export function withNamesMeant(condition: Condition, tables: readonly TableItem[]): Condition {
  if (condition.type === 'all' || condition.type === 'any') {
    return { ...condition, of: condition.of.map((part) => withNamesMeant(part, tables)) };
  }
  if (condition.type !== 'compare') return condition;
  const column = nameColumns.find((name) => name === condition.column);
  if (column === undefined) return condition;
  const names = [...new Set(tables.flatMap((table) => table[column] ?? []))];
  return { ...condition, value: nameMeant(names, String(condition.value)) ?? condition.value };
}
