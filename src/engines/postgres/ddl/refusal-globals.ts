import type { ObjectType, RoleSpec } from 'libpg-query';
import type { DdlObject } from '../../../core/catalogue.ts';
import { defElems } from './identify.ts';
import { nameParts } from './object-name.ts';
import type { Node } from './statements.ts';

/** Whether `node` makes or describes the role or tablespace that the object is, and nothing else. */
export function isGlobalStatement(object: Pick<DdlObject, 'type' | 'name'>, node: Node): boolean {
  return object.type === 'ROLE' ? isAboutRole(object.name, node) : isAboutTablespace(object.name, node);
}

/** The attributes of a role that a set may bring; a password is not among them. */
const roleOptions: ReadonlySet<string> = new Set([
  'superuser',
  'inherit',
  'createrole',
  'createdb',
  'canlogin',
  'isreplication',
  'bypassrls',
  'connectionlimit',
  'validUntil',
]);

function isAboutRole(name: string, node: Node): boolean {
  if ('CreateRoleStmt' in node) {
    const { role, stmt_type, options } = node.CreateRoleStmt;
    const isKnown = defElems(options).every(({ defname }) => roleOptions.has(defname ?? ''));
    return role === name && stmt_type === 'ROLESTMT_ROLE' && isKnown;
  }
  if ('AlterRoleSetStmt' in node) {
    return node.AlterRoleSetStmt.database === undefined && isRole(node.AlterRoleSetStmt.role, name);
  }
  if ('GrantRoleStmt' in node) {
    const { is_grant, grantee_roles = [] } = node.GrantRoleStmt;
    return (
      is_grant === true && grantee_roles.every((role) => 'RoleSpec' in role && isRole(role.RoleSpec, name))
    );
  }
  return describes('OBJECT_ROLE', name, node);
}

function isAboutTablespace(name: string, node: Node): boolean {
  if ('CreateTableSpaceStmt' in node) return node.CreateTableSpaceStmt.tablespacename === name;
  if ('AlterTableSpaceOptionsStmt' in node) {
    return node.AlterTableSpaceOptionsStmt.tablespacename === name;
  }
  if ('GrantStmt' in node) {
    const { targtype, objtype, objects } = node.GrantStmt;
    const isIt = nameParts(objects).every((each) => each === name);
    return targtype === 'ACL_TARGET_OBJECT' && objtype === 'OBJECT_TABLESPACE' && isIt;
  }
  return describes('OBJECT_TABLESPACE', name, node);
}

function describes(type: ObjectType, name: string, node: Node): boolean {
  const isIt = (objtype: ObjectType | undefined, object: Node | undefined): boolean =>
    objtype === type && object !== undefined && 'String' in object && object.String.sval === name;
  if ('CommentStmt' in node) return isIt(node.CommentStmt.objtype, node.CommentStmt.object);
  if ('SecLabelStmt' in node) return isIt(node.SecLabelStmt.objtype, node.SecLabelStmt.object);
  return 'AlterOwnerStmt' in node && isIt(node.AlterOwnerStmt.objectType, node.AlterOwnerStmt.object);
}

const isRole = (role: RoleSpec | undefined, name: string): boolean =>
  role?.roletype === 'ROLESPEC_CSTRING' && role.rolename === name;
