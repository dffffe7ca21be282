import type { DdlObject, DdlSection } from '../../../core/catalogue.ts';
import { AppError } from '../../../core/errors.ts';
import { parseHeader } from './dump-header.ts';
import { type Identity, identify, newOwnerOf } from './identify.ts';
import type { ObjectName } from './object-name.ts';
import { Relations } from './relations.ts';
import { loadSqlParser, readStatements, type Statement } from './statements.ts';
import { storageSettingOf, storedTypes, withStorage } from './storage-settings.ts';

/** What begins each object in pg_dump's text, unless it is part of a string. */
const headerMark = '\n--\n-- Name: ';
const headerLead = '\n--\n-- '.length;

/** The types that pg_dump never puts before the data; from the first of them on, everything comes after the data. */
const postTypes: ReadonlySet<string> = new Set([
  'ACL',
  'CHECK CONSTRAINT',
  'CONSTRAINT',
  'DEFAULT ACL',
  'EVENT TRIGGER',
  'FK CONSTRAINT',
  'INDEX',
  'INDEX ATTACH',
  'POLICY',
  'PUBLICATION',
  'PUBLICATION TABLE',
  'PUBLICATION TABLES IN SCHEMA',
  'ROW SECURITY',
  'RULE',
  'STATISTICS',
  'SUBSCRIPTION',
  'TRIGGER',
]);
/** The types of objects that bring an index with them, and of statements that name one afterwards. */
const indexTypes: ReadonlySet<string> = new Set(['INDEX', 'CONSTRAINT']);
const byIndexTypes: ReadonlySet<string> = new Set(['CLUSTER ON', 'REPLICA IDENTITY']);
const tableTypes: ReadonlySet<string> = new Set(['TABLE', 'FOREIGN TABLE']);
const describingTypes: ReadonlySet<string> = new Set(['ACL', 'COMMENT', 'SECURITY LABEL', 'OWNER']);

/**
 * The objects of a schema dump, in its order. Byte for byte pg_dump's statements; the SETs between them went into the
 * objects that they are for. What can fail by itself is an object by itself: each change of owner (OWNER), each grant
 * (ACL), and what refers to an index of the table (CLUSTER ON, REPLICA IDENTITY).
 */
export async function splitDump(text: string): Promise<readonly DdlObject[]> {
  await loadSqlParser();
  const relations = new Relations();
  const storage = new Map<string, string>();
  const drafts: Draft[] = [];
  let section: DdlSection = 'pre';
  for (const { header, statements } of piecesOf(text)) {
    for (const draft of header === null ? [] : draftsOf(header, statements)) {
      if (postTypes.has(draft.type)) section = 'post';
      const sql = storedTypes.has(draft.type) ? withStorage(storage, draft.sql) : draft.sql;
      drafts.push({ ...draft, section, sql });
    }
    for (const { node } of statements) {
      if (node === null) continue;
      relations.learn(identify(node), node);
      const setting = storageSettingOf(node);
      if (setting !== null) storage.set(...setting);
    }
  }
  return drafts.map(({ about, ...draft }) => ({
    ...draft,
    table: tableTypes.has(draft.type) ? null : relations.tableOf(about),
  }));
}

/** An object of which the table is not known yet. */
type Draft = Omit<DdlObject, 'table'> & { readonly about: ObjectName };

/** The text below one header. */
interface Piece {
  /** Null for what stands before the first object. */
  readonly header: string | null;
  readonly statements: readonly Statement[];
}

/** What looks like a header is one exactly when the text before it ends outside of all strings. */
function* piecesOf(text: string): Generator<Piece> {
  let header: string | null = null;
  let start = 0;
  while (start < text.length) {
    let mark = start - 1;
    let end = start;
    let statements: readonly Statement[] | null = null;
    while (statements === null) {
      if (end === text.length) {
        throw new AppError('internal', {
          message: `The text of pg_dump ends within ${header ?? 'its beginning'}.`,
        });
      }
      mark = text.indexOf(headerMark, mark + 1);
      end = mark === -1 ? text.length : mark;
      statements = readStatements(text.slice(start, end));
    }
    yield { header, statements };
    if (end === text.length) return;
    const lineEnd = text.indexOf('\n', end + headerLead);
    header = text.slice(end + headerLead, lineEnd);
    start = lineEnd + 1;
  }
}

/** The objects below one header. */
function draftsOf(line: string, all: readonly Statement[]): Omit<Draft, 'section'>[] {
  const statements = all.filter(({ node }) => node === null || storageSettingOf(node) === null);
  const [first] = statements;
  if (first === undefined) return [];
  const main: Identity = first.node === null ? { type: null, object: null } : identify(first.node);
  const header = parseHeader(line, main.type, main.object?.schema ?? null);
  const about = main.object ?? { schema: header.schema, name: header.name };
  const type = main.type ?? header.type;
  const owner = statements.reduce<string | null>(
    (role, { node }) => (node === null ? role : (newOwnerOf(node) ?? role)),
    header.owner,
  );
  const name = routineSignature(type, header.name, about.name) ?? about.name;
  return groupsOf(type, statements).map((group) => {
    // What describes a schema goes with it; the schema itself is not in a schema.
    const schema = type === 'SCHEMA' && group.type !== type ? name : about.schema;
    return { ...group, schema, name, owner, about };
  });
}

/** Routines have their argument types in their name, as pg_dump writes it: `f(integer, public.mood)`. */
function routineSignature(type: string, headerName: string, name: string): string | null {
  const isRoutine = type === 'FUNCTION' || type === 'PROCEDURE' || type === 'AGGREGATE';
  const [, described = null] = /^(?:FUNCTION|PROCEDURE|AGGREGATE) (.*)$/.exec(headerName) ?? [];
  const signature = isRoutine ? headerName : describingTypes.has(type) ? described : null;
  const quoted = `"${name.replaceAll('"', '""')}"(`;
  return signature?.startsWith(quoted) ? `${name}(${signature.slice(quoted.length)}` : signature;
}

interface Group {
  readonly type: string;
  readonly sql: string;
}

/** The statements of one header, those together that must succeed or fail together. */
function groupsOf(type: string, statements: readonly Statement[]): readonly Group[] {
  if (type === 'ACL') return grantGroups(statements);
  const own: string[] = [];
  const apart: Group[] = [];
  for (const { node, sql } of statements) {
    const its = node === null ? null : identify(node).type;
    const standsAlone = its === 'OWNER' || (indexTypes.has(type) && its !== null && byIndexTypes.has(its));
    if (standsAlone && its !== type) apart.push({ type: its, sql });
    else own.push(sql);
  }
  return own.length === 0 ? apart : [{ type, sql: own.join('\n') }, ...apart];
}

/** One group per grant; a grant in another role's name with the SET SESSION AUTHORIZATION around it. */
function grantGroups(statements: readonly Statement[]): readonly Group[] {
  const groups: Group[] = [];
  let open: string[] = [];
  for (const { node, sql } of statements) {
    const setting = node !== null && 'VariableSetStmt' in node ? node.VariableSetStmt : null;
    open.push(sql);
    const isOpening = setting?.kind === 'VAR_SET_VALUE';
    const isInside = open.length > 1 && setting === null;
    if (isOpening || isInside) continue;
    groups.push({ type: 'ACL', sql: open.join('\n') });
    open = [];
  }
  return open.length === 0 ? groups : [...groups, { type: 'ACL', sql: open.join('\n') }];
}
