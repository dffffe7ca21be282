import type { Catalogue, Table } from '../../../core/catalogue.ts';
import { keyColumns, keysTable, schemaOf } from '../logical-database.ts';
import type { ReadingPlace } from './reading-places.ts';

/** What of a table lies on each server. Plain JSON: it travels as `Table.details`. */
export interface KeyShares {
  readonly shares: readonly { readonly shard: string; readonly keys: number; readonly bytes: number }[];
}

/** An RDB takes about this part of the memory that the data takes in the server. */
const rdbPart = 0.5;

/**
 * The logical databases that hold keys; if there is none at all, the one that was asked for or the first, empty.
 * @param only the one that the URL names; null: all
 */
export function catalogueOf(places: readonly ReadingPlace[], only: number | null): Catalogue {
  const wanted = only === null ? databasesOf(places) : [only];
  const databases = wanted.length === 0 ? [0] : wanted;
  return {
    schemas: databases.map(schemaOf),
    tablespaces: [],
    tables: databases.map((database) => tableOf(places, database)),
  };
}

/** The logical databases of any server that hold keys. */
export const databasesOf = (places: readonly ReadingPlace[]): readonly number[] =>
  [...new Set(places.flatMap(({ facts }) => facts.databases.map(({ database }) => database)))].sort(
    (a, b) => a - b,
  );

function tableOf(places: readonly ReadingPlace[], database: number): Table {
  const shares = places.map(({ shard, facts }) => {
    const keys = facts.databases.find((each) => each.database === database)?.keys ?? 0;
    const all = facts.databases.reduce((sum, each) => sum + each.keys, 0);
    const memory = Number(facts.info.get('used_memory_dataset') ?? facts.usedMemory);
    return { shard: shard.id, keys, bytes: all === 0 ? 0 : Math.round((memory * rdbPart * keys) / all) };
  });
  const details: KeyShares = { shares };
  return {
    schema: schemaOf(database),
    name: keysTable,
    tablespace: null,
    columns: keyColumns,
    estimate: {
      rows: shares.reduce((sum, { keys }) => sum + keys, 0),
      bytes: shares.reduce((sum, { bytes }) => sum + bytes, 0),
    },
    // Neither notNull nor keys: they are about which masks a column can have, and here it is none.
    details,
  };
}
