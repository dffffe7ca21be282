import type { Database } from 'better-sqlite3';
import type { Catalogue, Table } from '../../core/catalogue.ts';
import { tableShape } from './column-kind.ts';
import { estimateTable, type Slice } from './estimate.ts';
import { isInternalName, mainSchema } from './names.ts';

/** What plan() needs of a table. */
export interface TableDetails {
  readonly slices: readonly Slice[];
}

/**
 * The tables whose rows are exported: ordinary ones, and those that virtual tables keep their content in. An import creates the
 * virtual table, and with it these tables, and puts their rows back.
 */
export function readCatalogue(db: Database): Catalogue {
  const tables = dataTables(db).map((name): Table => {
    const shape = tableShape(db, name);
    if (shape === undefined) throw new Error(`table ${name} vanished inside a transaction`);
    const { rows, bytes, slices } = estimateTable(db, shape);
    return {
      schema: mainSchema,
      name: shape.name,
      tablespace: null,
      columns: shape.columns.map(({ name, type }) => ({ name, type })),
      estimate: { rows, bytes },
      details: { slices } satisfies TableDetails,
    };
  });
  return { schemas: [mainSchema], tablespaces: [], tables };
}

/** By name, in order of creation. */
function dataTables(db: Database): readonly string[] {
  return db
    .prepare<[], string>(
      `SELECT s.name FROM main.sqlite_schema s JOIN pragma_table_list t ON t.schema = 'main' AND t.name = s.name
       WHERE s.type = 'table' AND t.type IN ('table', 'shadow') ORDER BY s.rowid`,
    )
    .pluck()
    .all()
    .filter((name) => !isInternalName(name));
}
