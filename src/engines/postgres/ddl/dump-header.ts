/** The comment that pg_dump writes above each object, taken apart. */
export interface DumpHeader {
  readonly name: string;
  readonly type: string;
  /** Null: outside of schemas. */
  readonly schema: string | null;
  readonly owner: string | null;
}

/**
 * Reads `Name: t; Type: TABLE; Schema: public; Owner: me[; Tablespace: fast]`. Any of the names may itself contain such
 * words, so the line can have several readings; what the statement below says of type and schema decides between them.
 */
export function parseHeader(line: string, type: string | null, schema: string | null): DumpHeader {
  const readings = readingsOf(line);
  const fits = (header: DumpHeader): number =>
    Number(header.type === type) * 2 + Number(header.schema === schema);
  const best = readings.reduce<DumpHeader | null>(
    (chosen, header) => (chosen === null || fits(header) > fits(chosen) ? header : chosen),
    null,
  );
  return best ?? { name: line, type: '', schema: null, owner: null };
}

function readingsOf(line: string): DumpHeader[] {
  const text = line.replace(/^Name: /, '');
  return cuts(text, /; Type: (?=[A-Z])/g).flatMap(([name, afterName]) =>
    cuts(afterName, /; Schema: /g).flatMap(([type, afterType]) =>
      /^[A-Z ]+$/.test(type)
        ? cuts(afterType, /; Owner: /g).map(([schema, rest]) => ({
            name,
            type,
            schema: dashIsNull(schema),
            owner: dashIsNull(rest.replace(/; Tablespace: .*$/, '')) || null,
          }))
        : [],
    ),
  );
}

/** The text before and after each match of `separator`, last match first: names are odd more often than what follows them. */
function cuts(text: string, separator: RegExp): [string, string][] {
  return Array.from(text.matchAll(separator), (match): [string, string] => [
    text.slice(0, match.index),
    text.slice(match.index + match[0].length),
  ]).reverse();
}

const dashIsNull = (text: string): string | null => (text === '-' ? null : text);
