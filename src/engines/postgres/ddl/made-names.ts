import type { DdlObject } from '../../../core/catalogue.ts';
import { defElems, identify } from './identify.ts';
import { nameParts } from './object-name.ts';
import { type Node, parseOne } from './statements.ts';

/** The names that a set of objects makes in each schema. */
export class MadeNames {
  readonly #names = new Map<string, Set<string>>();
  readonly #withExtensions = new Set<string>();

  has(schema: string, name: string): boolean {
    return this.#withExtensions.has(schema) || this.#names.get(schema)?.has(name) === true;
  }

  add(schema: string, name: string): void {
    const names = this.#names.get(schema) ?? new Set();
    this.#names.set(schema, names);
    names.add(name);
  }

  /** An extension makes names in `schema`, and which ones nobody says. */
  addExtension(schema: string): void {
    this.#withExtensions.add(schema);
  }
}

const routineTypes: ReadonlySet<string> = new Set(['FUNCTION', 'PROCEDURE', 'AGGREGATE']);

/** The parser must be loaded. */
export function madeNames(objects: readonly DdlObject[]): MadeNames {
  const made = new MadeNames();
  for (const { type, schema, name, sql } of objects) {
    if (type === 'EXTENSION') {
      const home = extensionSchema(parseOne(sql));
      if (home !== null) made.addExtension(home);
    } else if (schema === null) {
    } else if (routineTypes.has(type)) {
      // The object's name has the argument types with it.
      const node = parseOne(sql);
      made.add(schema, (node && identify(node).object?.name) ?? name);
    } else {
      made.add(schema, name);
      const multirange = type === 'TYPE' && sql.includes('multirange') ? multirangeName(parseOne(sql)) : null;
      if (multirange !== null) made.add(schema, multirange);
    }
  }
  return made;
}

function extensionSchema(node: Node | null): string | null {
  if (node === null || !('CreateExtensionStmt' in node)) return null;
  const schema = defElems(node.CreateExtensionStmt.options).find(({ defname }) => defname === 'schema')?.arg;
  return schema !== undefined && 'String' in schema ? (schema.String.sval ?? null) : null;
}

/** The type of multiranges that a range type brings with it. */
function multirangeName(node: Node | null): string | null {
  if (node === null || !('CreateRangeStmt' in node)) return null;
  const type = defElems(node.CreateRangeStmt.params).find(
    ({ defname }) => defname === 'multirange_type_name',
  )?.arg;
  return type !== undefined && 'TypeName' in type ? (nameParts(type.TypeName.names).at(-1) ?? null) : null;
}
