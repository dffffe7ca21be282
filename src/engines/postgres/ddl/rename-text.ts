import type { ScanToken } from 'libpg-query';
import type { Renames } from './rename-rules.ts';
import { isComment, readTokens } from './statements.ts';
import type { NameWord, TreeRenaming } from './tree-renaming.ts';

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Makes in the text of a statement the renames that were made in its tree; null when it cannot be cut into tokens. */
export function renameText(sql: string, renames: Renames, found: TreeRenaming): string | null {
  const tokens = readTokens(sql)?.filter((token) => !isComment(token));
  if (tokens === undefined) return null;
  const edits = [
    ...qualifiers(tokens, renames, found),
    ...placedTables(tokens, found),
    ...unplacedTables(tokens, renames, found),
    ...Array.from(found.words).flatMap((word) => [...namesBehind(tokens, word, renames)]),
    ...values(tokens, found.values),
  ];
  return applied(sql, edits);
}

/** Schemas before a dot. */
function* qualifiers(tokens: readonly ScanToken[], renames: Renames, found: TreeRenaming): Generator<Edit> {
  for (const [index, token] of tokens.entries()) {
    if (tokens[index + 1]?.text !== '.' || tokens[index - 1]?.text === '.') continue;
    const rename = renames.schemas.get(identifierOf(token) ?? '');
    const next = tokens[index + 2];
    if (rename === undefined || next === undefined || found.protectedPlaces.has(token.start)) continue;
    const name = identifierOf(next) ?? next.text;
    if (!rename.makes(name) && !found.anyway.has(`${rename.source}.${name}`)) continue;
    yield { start: token.start, end: token.end, text: quoteName(rename.target) };
  }
}

/** Tables behind a dot, and the aliases that stand for their old names. */
function* placedTables(tokens: readonly ScanToken[], found: TreeRenaming): Generator<Edit> {
  for (const [index, { start }] of tokens.entries()) {
    const target = found.tables.get(start);
    const name = tokens[index + 2];
    if (target === undefined || name === undefined) continue;
    const alias = found.aliases.get(start);
    const text = alias === undefined ? quoteName(target) : `${quoteName(target)} AS ${quoteName(alias)}`;
    yield { start: name.start, end: name.end, text };
  }
}

/** Tables of which the tree does not say where they stand: the pairs of names that it says nothing else of, if they are as many. */
function* unplacedTables(
  tokens: readonly ScanToken[],
  renames: Renames,
  found: TreeRenaming,
): Generator<Edit> {
  for (const [schema, names] of found.unplaced.size === 0 ? [] : renames.tables) {
    for (const [name, target] of names) {
      const places = tokens.flatMap((token, index) => {
        const next = tokens[index + 2];
        const isIt = identifierOf(token) === schema && next !== undefined && identifierOf(next) === name;
        const isPair = tokens[index + 1]?.text === '.' && tokens[index - 1]?.text !== '.';
        return isIt && isPair && !found.places.has(token.start) ? [next] : [];
      });
      if (places.length !== found.unplaced.get(`${schema}.${name}`)) continue;
      for (const { start, end } of places) yield { start, end, text: quoteName(target) };
    }
  }
}

/** The names behind a word: of CREATE SCHEMA, ON SCHEMA, IN SCHEMA a, b, TABLESPACE a, GRANT a, b TO c. */
function* namesBehind(tokens: readonly ScanToken[], word: NameWord, renames: Renames): Generator<Edit> {
  const targetOf = (name: string): string | undefined => {
    if (word === 'SCHEMA') return renames.schemas.get(name)?.target;
    return (word === 'TABLESPACE' ? renames.tablespaces : renames.roles).get(name);
  };
  for (let index = 0; index < tokens.length; index++) {
    if (tokens[index]?.text.toUpperCase() !== word) continue;
    do {
      index++;
      const token = tokens[index];
      const target = token && targetOf(identifierOf(token) ?? '');
      // TABLES IN SCHEMA a, TABLES IN SCHEMA b
      const isName = tokens[index + 1]?.text.toUpperCase() !== 'IN';
      if (token !== undefined && target !== undefined && isName) {
        yield { start: token.start, end: token.end, text: quoteName(target) };
      }
      index++;
    } while (tokens[index]?.text === ',');
    index--;
  }
}

function* values(tokens: readonly ScanToken[], found: ReadonlyMap<number, string>): Generator<Edit> {
  for (const { start, end, text } of tokens) {
    const value = found.get(start);
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
    // A role may be found by its place and behind a word.
    if (edit.start < end) continue;
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
