import type { Node } from './statements.ts';

/** What new storage gets when nothing is said; an import's session has the same. */
export const storageDefaults: ReadonlyMap<string, string> = new Map([
  ['default_tablespace', ''],
  ['default_table_access_method', 'heap'],
]);

/** The types whose storage these settings choose. */
export const storedTypes: ReadonlySet<string> = new Set([
  'TABLE',
  'MATERIALIZED VIEW',
  'INDEX',
  'CONSTRAINT',
]);

/** Name and value of a SET by which pg_dump chooses the storage of the objects after it; null for other statements. */
export function storageSettingOf(node: Node): readonly [string, string] | null {
  if (!('VariableSetStmt' in node)) return null;
  const { name = '', args } = node.VariableSetStmt;
  const [value] = args ?? [];
  if (!storageDefaults.has(name) || value === undefined || !('A_Const' in value)) return null;
  return [name, value.A_Const.sval?.sval ?? ''];
}

/**
 * `sql` between the SETs that choose the storage in `settings` and those that take them back, so that objects can be
 * created in any order and session; as it is where the defaults do.
 */
export function withStorage(settings: ReadonlyMap<string, string>, sql: string): string {
  const special = Array.from(settings).filter(([name, value]) => storageDefaults.get(name) !== value);
  const set = (name: string, value: string): string => `SET ${name} = '${value.replaceAll("'", "''")}';`;
  return [
    ...special.map(([name, value]) => set(name, value)),
    sql,
    ...special.map(([name]) => set(name, storageDefaults.get(name) ?? '')),
  ].join('\n');
}
