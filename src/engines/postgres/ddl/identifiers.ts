/** A qualified name as pg_dump writes it, and the place in the text after it. */
export interface QualifiedName {
  readonly parts: readonly string[];
  readonly end: number;
}

const part = /(?:"((?:[^"]|"")+)"|([\p{L}_][\p{L}\p{N}_$]*))(\.?)/uy;

/** Reads `a.b`, `"A ""b"""."c"` at `start`; null when no name stands there. */
export function readQualifiedName(text: string, start: number): QualifiedName | null {
  const parts: string[] = [];
  let end = start;
  for (;;) {
    part.lastIndex = end;
    const match = part.exec(text);
    if (match === null) return null;
    const [all, quoted, plain = '', dot] = match;
    parts.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    end += all.length;
    if (dot === '') return { parts, end };
  }
}

/** The place after the first match of `pattern` outside of quotes; -1 when there is none. `pattern` has the flag y. */
export function findUnquoted(text: string, pattern: RegExp, from = 0): number {
  const skip = /"(?:[^"]|"")*"|'(?:[^']|'')*'|./suy;
  for (let at = from; at < text.length; ) {
    pattern.lastIndex = at;
    if (pattern.test(text)) return pattern.lastIndex;
    skip.lastIndex = at;
    at += skip.exec(text)?.[0].length ?? 1;
  }
  return -1;
}
