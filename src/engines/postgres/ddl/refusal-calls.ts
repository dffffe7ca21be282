import type { Node } from './statements.ts';

/** A constant of a statement; numbers too large for an integer are texts of digits. */
export type Constant = string | number | boolean | null;

/**
 * The arguments of `SELECT pg_catalog.name(...)`, when the statement is that alone and they are all constants; null otherwise.
 */
export function constantsOfCall(node: Node, name: string): readonly Constant[] | null {
  if (!('SelectStmt' in node)) return null;
  const { targetList, limitOption, op, ...others } = node.SelectStmt;
  const [target] = targetList ?? [];
  if (Object.keys(others).length > 0 || targetList?.length !== 1) return null;
  if (target === undefined || !('ResTarget' in target)) return null;
  const { val, name: alias } = target.ResTarget;
  if (alias !== undefined || val === undefined || !('FuncCall' in val)) return null;
  const { funcname, args = [], funcformat, location, ...modifiers } = val.FuncCall;
  if (Object.keys(modifiers).length > 0 || !isOwn(funcname, name)) return null;
  const constants = args.map(constantOf);
  return constants.includes(undefined) ? null : (constants as Constant[]);
}

function isOwn(funcname: readonly Node[] | undefined, name: string): boolean {
  const parts = (funcname ?? []).map((node) => ('String' in node ? node.String.sval : undefined));
  return parts.length === 2 && parts[0] === 'pg_catalog' && parts[1] === name;
}

function constantOf(node: Node): Constant | undefined {
  if (!('A_Const' in node)) return undefined;
  const { ival, fval, sval, boolval, isnull } = node.A_Const;
  if (isnull === true) return null;
  if (ival !== undefined) return ival.ival ?? 0;
  if (boolval !== undefined) return boolval.boolval ?? false;
  return sval?.sval ?? fval?.fval;
}
