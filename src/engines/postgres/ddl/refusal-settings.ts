import type { Node, Statement } from './statements.ts';
import { storageDefaults, storedTypes } from './storage-settings.ts';

/** A SET or RESET. `value` null: back to what the session began with. */
interface Setting {
  readonly name: string;
  readonly value: string | null;
}

/** Objects with grants, which another role than the owner may have made. */
const grantingTypes: ReadonlySet<string> = new Set(['ACL', 'TABLESPACE']);

/**
 * A sentence about the SETs of an object that its import must not run; null when there are none. Those of an object's storage, and the role
 * that a grant is made by, are let through when they are taken back at the end.
 */
export function refusalOfSettings(type: string, statements: readonly Statement[]): string | null {
  const inForce = new Map<string, string>();
  for (const { node } of statements) {
    if (node === null || !('VariableSetStmt' in node)) continue;
    const setting = settingOf(node);
    if (setting === null || !isAllowed(type, setting.name)) return 'It changes a setting of the session.';
    if (setting.value === null || isDefault(setting.name, setting.value)) inForce.delete(setting.name);
    else inForce.set(setting.name, setting.value);
  }
  const [left] = inForce.keys();
  return left === undefined ? null : `It does not take back its setting of ${left}.`;
}

const isDefault = (name: string, value: string): boolean => storageDefaults.get(name) === value;

function isAllowed(type: string, name: string): boolean {
  return name === 'session_authorization'
    ? grantingTypes.has(type)
    : storedTypes.has(type) && storageDefaults.has(name);
}

function settingOf(node: Node): Setting | null {
  if (!('VariableSetStmt' in node)) return null;
  const { kind, name = '', args = [] } = node.VariableSetStmt;
  if (kind === 'VAR_RESET' || kind === 'VAR_SET_DEFAULT') return { name, value: null };
  const [arg] = args;
  if (kind !== 'VAR_SET_VALUE' || args.length !== 1 || arg === undefined || !('A_Const' in arg)) return null;
  return { name, value: arg.A_Const.sval?.sval ?? '' };
}
