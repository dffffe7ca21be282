import type { ScanToken } from 'libpg-query';
import type { SchemaRenames } from './rename-rules.ts';
import type { TreeRenaming } from './rename-tree.ts';
import { isComment, readTokens } from './statements.ts';

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Makes in the text of a statement the renames that were made in its tree; null when it cannot be cut into tokens. */
export function renameText(sql: string, renames: SchemaRenames, found: TreeRenaming): string | null {
  const tokens = readTokens(sql)?.filter((token) => !isComment(token));
  if (tokens === undefined) return null;
  const edits = [
    ...qualifiers(tokens, renames, found),
    ...(found.namesSchemas ? schemasByThemselves(tokens, renames) : []),
    ...constants(tokens, found.constants),
  ];
  return applied(sql, edits);
}

/** Schemas before a dot. */
function* qualifiers(
  tokens: readonly ScanToken[],
  renames: SchemaRenames,
  found: TreeRenaming,
): Generator<Edit> {
  for (const [index, token] of tokens.entries()) {
    if (tokens[index + 1]?.text !== '.' || tokens[index - 1]?.text === '.') continue;
    const rename = renames.get(identifierOf(token) ?? '');
    const next = tokens[index + 2];
    if (rename === undefined || next === undefined || found.protectedPlaces.has(token.start)) continue;
    const name = identifierOf(next) ?? next.text;
    if (!rename.makes(name) && !found.anyway.has(`${rename.source}.${name}`)) continue;
    yield { start: token.start, end: token.end, text: quoteName(rename.target) };
  }
}

/** The names after the word SCHEMA: of CREATE SCHEMA, ON SCHEMA, IN SCHEMA a, b. */
function* schemasByThemselves(tokens: readonly ScanToken[], renames: SchemaRenames): Generator<Edit> {
  for (let index = 0; index < tokens.length; index++) {
    if (tokens[index]?.text.toUpperCase() !== 'SCHEMA') continue;
    do {
      index++;
      const token = tokens[index];
      const rename = token && renames.get(identifierOf(token) ?? '');
      // TABLES IN SCHEMA a, TABLES IN SCHEMA b
      const isName = tokens[index + 1]?.text.toUpperCase() !== 'IN';
      if (token !== undefined && rename !== undefined && isName) {
        yield { start: token.start, end: token.end, text: quoteName(rename.target) };
      }
      index++;
    } while (tokens[index]?.text === ',');
    index--;
  }
}

function* constants(tokens: readonly ScanToken[], values: ReadonlyMap<number, string>): Generator<Edit> {
  for (const { start, end, text } of tokens) {
    const value = values.get(start);
    if (value === undefined) continue;
    // A SET takes names without quotes as well.
    yield { start, end, text: /^[eE]?'/.test(text) ? quoteConstant(value) : quoteName(value) };
  }
}

function applied(sql: string, edits: readonly Edit[]): string {
  const bytes = Buffer.from(sql);
  const parts: string[] = [];
  let end = 0;
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    parts.push(bytes.toString('utf8', end, edit.start), edit.text);
    end = edit.end;
  }
  return parts.join('') + bytes.toString('utf8', end);
}

/** The name that a token spells; null when it is none. */
function identifierOf({ text }: ScanToken): string | null {
  if (text.startsWith('"')) return text.slice(1, -1).replaceAll('""', '"');
  return /^[\p{L}_]/u.test(text) ? text.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : null;
}

/** Standard_conforming_strings is on, so a backslash is nothing special. */
const quoteConstant = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** As pg_dump does it: quoted only where that is needed. */
export function quoteName(name: string): string {
  const isPlain = /^[a-z_][a-z0-9_$]*$/.test(name) && readTokens(name)?.[0]?.keywordKind === 0;
  return isPlain ? name : `"${name.replaceAll('"', '""')}"`;
}
