import type { StoredColumn } from './column-kind.ts';
import { quoteName } from './names.ts';

/**
 * SQL that makes the line of a row in PostgreSQL's COPY text format: SQLite does the work, and JavaScript sees whole batches only.
 *
 * Each value is written so that its storage class follows from its column's kind (and, in `numeric` and `any` columns, from its form:
 * see {@link looksNumeric}). A row where that does not hold for every value carries one more field, with a letter for each column
 * (i r t b n: the storage class); a unit with such rows is `tagged`, one without is `plain` and loads into PostgreSQL as it is.
 */
export function lineExpression(columns: readonly StoredColumn[], texts: TextsWithNul): string {
  const named = columns.map((column): NamedColumn => {
    const sql = quoteName(column.name);
    return { ...column, sql, escaped: texts === 'none' ? escapedShort(sql) : escaped(sql) };
  });
  const plain = `${joined(named.map((column) => plainValue(column)))} || char(10)`;
  const conditions = named.filter((column) => !column.enforced).map((column) => isPlain(column));
  if (conditions.length === 0) return plain;
  const letters = balanced(
    named.map((column) => `substr(typeof(${column.sql}), 1, 1)`),
    ' || ',
  );
  const tagged = `${joined([...named.map((column) => anyValue(column)), letters])} || char(10)`;
  return `CASE WHEN ${balanced(conditions, ' AND ')} THEN ${plain} ELSE ${tagged} END`;
}

/**
 * Whether there are texts with NUL characters among the values: the quick way to see that nothing needs an escape (GLOB) looks no further
 * than the first NUL. So read with `none`, and again with `some` if the outcome has a NUL in it.
 */
export type TextsWithNul = 'none' | 'some';

/** SQL for about how many bytes the line of a row will have; does not read the values themselves. */
export function lengthExpression(columns: readonly StoredColumn[]): string {
  const lengths = columns.map(({ name, kind }) => {
    const length = `coalesce(octet_length(${quoteName(name)}), 2)`;
    return kind === 'blob' ? `2 * ${length}` : length;
  });
  return `${columns.length} + ${balanced(lengths, ' + ')}`;
}

interface NamedColumn extends StoredColumn {
  /** The quoted name. */
  readonly sql: string;
  /** The value as an escaped text, if it is a text. */
  readonly escaped: string;
}

/** The characters that COPY escapes, with their escapes; the backslash first. */
const escapes: readonly (readonly [code: number, replacement: string])[] = [
  [92, '\\\\'],
  [8, '\\b'],
  [9, '\\t'],
  [10, '\\n'],
  [11, '\\v'],
  [12, '\\f'],
  [13, '\\r'],
];
const special = `'*[${String.fromCharCode(...escapes.map(([code]) => code))}]*'`;

const escaped = (sql: string): string =>
  escapes.reduce((inner, [code, replacement]) => `replace(${inner}, char(${code}), '${replacement}')`, sql);

const escapedShort = (sql: string): string =>
  `CASE WHEN ${sql} GLOB ${special} THEN ${escaped(sql)} ELSE ${sql} END`;

// Comparisons name their collation, since that of the column may be one that only its own program knows.
const realText = (sql: string): string =>
  `CASE ${sql} COLLATE BINARY WHEN 9e999 THEN 'Infinity' WHEN -9e999 THEN '-Infinity' ELSE ${sql} END`;

/** Only columns without affinity keep the sign of a zero, and SQLite's own text form of it has none. */
const signedRealText = (sql: string): string =>
  `CASE WHEN ${sql} COLLATE BINARY = 0 AND atan2(${sql}, -1) < 0 THEN '-0.0' ELSE ${realText(sql)} END`;

const blobText = (sql: string): string => `'\\\\x' || hex(${sql})`;

/** A value of any class. */
const anyValue = ({ sql, escaped }: NamedColumn): string =>
  `CASE typeof(${sql}) WHEN 'integer' THEN ${sql} WHEN 'text' THEN ${escaped} WHEN 'null' THEN '\\N' ` +
  `WHEN 'real' THEN ${signedRealText(sql)} ELSE ${blobText(sql)} END`;

/** A value for which {@link isPlain} holds. */
function plainValue(column: NamedColumn): string {
  const { sql, kind } = column;
  switch (kind) {
    case 'integer':
      return `coalesce(${sql}, '\\N')`;
    case 'real':
      return `coalesce(${realText(sql)}, '\\N')`;
    case 'text':
      return `coalesce(${column.escaped}, '\\N')`;
    case 'blob':
      return `CASE WHEN ${sql} IS NULL THEN '\\N' ELSE ${blobText(sql)} END`;
    case 'numeric':
    case 'any':
      return anyValue(column);
  }
}

/** Whether the class of a value follows from the kind of its column and the form of its text. */
function isPlain({ sql, kind }: NamedColumn): string {
  switch (kind) {
    case 'integer':
    case 'real':
    case 'text':
    case 'blob':
      return `typeof(${sql}) IN ('${kind}', 'null')`;
    case 'numeric':
      return `CASE typeof(${sql}) WHEN 'text' THEN NOT ${looksNumeric(sql)} WHEN 'blob' THEN 0 ELSE 1 END`;
    case 'any':
      return `CASE typeof(${sql}) WHEN 'text' THEN NOT (${looksNumeric(sql)} OR ${sql} GLOB '\\x*') ELSE 1 END`;
  }
}

/**
 * Whether a text could be taken for a number: it has only characters of numbers, and no digit before a minus sign (2024-01-31 is a
 * date). `isNumericForm` of copy-values.ts is the same rule for the way back: what is no number here is none there.
 */
const looksNumeric = (sql: string): string =>
  `(${sql} COLLATE BINARY IN ('Infinity', '-Infinity') OR ` +
  `(${sql} NOT GLOB '*[^-0-9.e+]*' AND ${sql} NOT GLOB '*[0-9]-*' AND ${sql} COLLATE BINARY <> ''))`;

/** Fields with tabs between them; in groups, since a function takes 1000 arguments at most. */
function joined(fields: readonly string[]): string {
  const groups: string[] = [];
  for (let at = 0; at < fields.length; at += 500) {
    groups.push(`concat_ws(char(9), ${fields.slice(at, at + 500).join(', ')})`);
  }
  return groups.length === 1 ? (groups[0] as string) : `concat_ws(char(9), ${groups.join(', ')})`;
}

/** An associative operator over many operands as a balanced tree: SQLite limits the depth of an expression to 1000. */
function balanced(operands: readonly string[], operator: string): string {
  if (operands.length === 1) return operands[0] as string;
  const middle = operands.length >> 1;
  return `(${balanced(operands.slice(0, middle), operator)}${operator}${balanced(operands.slice(middle), operator)})`;
}
