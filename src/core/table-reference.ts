import type { TableName } from './catalogue.ts';
import { AppError } from './errors.ts';
import { differInCaseAlone } from './selection.ts';

/** A table as a request names it, taken apart. */
export interface TableReference {
  /** As the caller wrote it. */
  readonly text: string;
  /** Null: the name in every schema. */
  readonly schema: string | null;
  readonly name: string;
}

/** What a reference can be looked up among: a table, with the partitioned tables that it is a part of and the tables that it inherits from. */
export interface Referable extends TableName {
  readonly partOf?: readonly TableName[];
  readonly inherits?: readonly TableName[];
}

/** Letters, digits, `_`, `$` and `#` need no quotes, as in SQL; any other letter of the world's alphabets neither. */
const part = /(?:"((?:[^"]|"")+)"|([\p{L}_][\p{L}\p{M}\p{N}_$#]*))/u;
const referencePattern = new RegExp(`^\\s*${part.source}(?:\\s*\\.\\s*${part.source})?\\s*$`, 'u');

/** Longest reference taken, in characters: more than two quoted names can have. */
const longestReference = 1_024;
/** Tables that an error message lists. */
const listed = 10;

/**
 * Takes `hr.emp`, `emp`, `"Odd".name` or `"a.b"` apart.
 * @param field the request field to name in the error
 * @throws AppError field-invalid
 */
export function parseTableReference(text: string, field: string): TableReference {
  const match = text.length > longestReference || text.includes('\0') ? null : referencePattern.exec(text);
  if (match === null) {
    const shown = text.length > 100 ? `${text.slice(0, 100)}...` : text;
    throw new AppError('field-invalid', {
      field,
      message: `${JSON.stringify(shown)} is not the name of a table.`,
      hint: 'Write TABLE or SCHEMA.TABLE; names with other characters than letters, digits and _ in double quotes.',
    });
  }
  const first = unquote(match[1], match[2]);
  const second = match[3] === undefined && match[4] === undefined ? null : unquote(match[3], match[4]);
  return { text, schema: second === null ? null : first, name: second ?? first };
}

const unquote = (quoted: string | undefined, plain: string | undefined): string =>
  quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"');

/**
 * The tables that `reference` names. Letters compare without regard to case, unless two names there differ in case alone. The name of a
 * partitioned table stands for all its parts, that of a table for those that inherit from it too.
 * @param field the request field to name in the error
 * @throws AppError field-invalid when there is none, with the tables that there are
 */
export function findTables<T extends Referable>(
  reference: TableReference,
  tables: readonly T[],
  field: string,
): readonly T[] {
  const candidates = tables.flatMap((table) =>
    [table, ...(table.partOf ?? []), ...(table.inherits ?? [])].map((name) => ({ table, name })),
  );
  const inSchema = keep(candidates, ({ name }) => name.schema, reference.schema);
  const found = new Set(keep(inSchema, ({ name }) => name.name, reference.name).map(({ table }) => table));
  if (found.size > 0) return tables.filter((table) => found.has(table));
  throw new AppError('field-invalid', {
    field,
    message: `No table ${reference.text} is among those that are selected. ${whatThereIs(tables)}`,
    hint: 'Correct the name, or widen the selection.',
  });
}

/** Those of `all` whose name is `wanted`, by the rule for letters; null wants all. */
function keep<T>(all: readonly T[], nameOf: (one: T) => string, wanted: string | null): readonly T[] {
  if (wanted === null) return all;
  const same = sameName(wanted, new Set(all.map(nameOf)));
  return all.filter((one) => same(nameOf(one)));
}

/** The test for the names of `universe` that `wanted` means: without regard to case, unless two of them differ in case alone. */
export function sameName(wanted: string, universe: ReadonlySet<string>): (name: string) => boolean {
  if (differInCaseAlone([...universe])) return (name) => name === wanted;
  const folded = wanted.toLowerCase();
  return (name) => name.toLowerCase() === folded;
}

function whatThereIs(tables: readonly TableName[]): string {
  if (tables.length === 0) return 'No table is selected.';
  const names = tables.slice(0, listed).map(({ schema, name }) => `${schema}.${name}`);
  const more = tables.length > listed ? ` and ${tables.length - listed} more` : '';
  return `There are ${names.join(', ')}${more}.`;
}
