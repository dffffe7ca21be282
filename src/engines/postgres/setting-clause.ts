import { quoteIdentifier, quoteLiteral } from './names.ts';

/** Settings that are lists of names: their value is a list of quoted names already, and must not become one name. */
const listSettings: ReadonlySet<string> = new Set([
  'local_preload_libraries',
  'search_path',
  'session_preload_libraries',
  'temp_tablespaces',
]);

/** `"name" TO value`, of a setting of a role or a database as the catalogues have it: `name=value`. */
export function settingClause(setting: string): string {
  const at = setting.indexOf('=');
  const name = setting.slice(0, at);
  const value = setting.slice(at + 1);
  const quoted = name.split('.').map(quoteIdentifier).join('.');
  // An empty list is one empty name, which cannot be written as a name.
  const isList = listSettings.has(name.toLowerCase()) && value !== '' && value !== '""';
  return `${quoted} TO ${isList ? value : quoteLiteral(value === '""' ? '' : value)}`;
}
