/** `name` as an identifier that cannot be read as anything else: quoted always. */
export const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** `schema.name`, both quoted. */
export const quoteQualified = (object: { readonly schema: string; readonly name: string }): string =>
  `${quoteIdentifier(object.schema)}.${quoteIdentifier(object.name)}`;

/** A string constant, right whatever standard_conforming_strings is. */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

/** The column list of a COPY, `("a", "b")`; '' when there is none, which means all that are not generated. */
export const columnList = (columns: readonly string[]): string =>
  columns.length === 0 ? '' : ` (${columns.map(quoteIdentifier).join(', ')})`;
