import { tableKey } from '../../../core/catalogue.ts';
import { defElems, type Identity } from './identify.ts';
import { nameParts, type ObjectName, qualified } from './object-name.ts';
import type { Node } from './statements.ts';

/** Which relations of a dump are tables or parts of tables; learnt from all of its statements before it is asked. */
export class Relations {
  readonly #tables = new Map<string, string>();

  learn({ type, object }: Identity, node: Node): void {
    if (object === null || object.schema === null) return;
    const key = tableKey({ schema: object.schema, name: object.name });
    switch (type) {
      case 'TABLE':
      case 'FOREIGN TABLE':
        this.#tables.set(key, object.name);
        return;
      case 'INDEX':
      case 'CONSTRAINT':
      case 'SEQUENCE':
        if (object.on !== undefined) this.#tables.set(key, object.on);
        return;
      case 'SEQUENCE OWNED BY': {
        const table = ownerOfSequence(node);
        if (table !== null) this.#tables.set(key, table);
        return;
      }
      default:
    }
  }

  /** The table that an object belongs to; null for independent ones, tables themselves included when `isItself`. */
  tableOf(object: ObjectName): string | null {
    if (object.on !== undefined) return object.on;
    if (object.about === undefined || object.schema === null) return null;
    return this.#tables.get(tableKey({ schema: object.schema, name: object.about })) ?? null;
  }
}

/** The table of ALTER SEQUENCE ... OWNED BY schema.table.column. */
function ownerOfSequence(node: Node): string | null {
  if (!('AlterSeqStmt' in node)) return null;
  const column = defElems(node.AlterSeqStmt.options).find((option) => option.defname === 'owned_by')?.arg;
  if (column === undefined || !('List' in column)) return null;
  return qualified(nameParts(column.List.items).slice(0, -1))?.name ?? null;
}
