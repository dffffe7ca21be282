import type { Renames } from './rename-rules.ts';
import { asArray, isTree, placeOf, stringNode, type Tree } from './tree.ts';
import type { NameWord, TreeRenaming } from './tree-renaming.ts';

/** Fields that hold the name of a tablespace. */
const tablespaceKeys: ReadonlySet<string> = new Set([
  'tablespacename',
  'tableSpaceName',
  'tableSpace',
  'indexspace',
]);
const tablespaceSettings: ReadonlySet<string> = new Set(['default_tablespace', 'temp_tablespaces']);
const roleSettings: ReadonlySet<string> = new Set(['session_authorization', 'role']);
const roleWords: Readonly<Record<string, NameWord>> = {
  ROLESTMT_ROLE: 'ROLE',
  ROLESTMT_USER: 'USER',
  ROLESTMT_GROUP: 'GROUP',
};

/** Renames roles and tablespaces in a parse tree, in place. */
export function renameGlobals(tree: unknown, renames: Renames, found: TreeRenaming): void {
  if (renames.roles.size === 0 && renames.tablespaces.size === 0) return;
  const { roles, tablespaces } = renames;

  const rename = (owner: Tree, key: string, names: ReadonlyMap<string, string>): boolean => {
    const target = names.get(String(owner[key]));
    if (target === undefined) return false;
    owner[key] = target;
    return true;
  };
  const renameBehind = (
    word: NameWord,
    owner: Tree,
    key: string,
    names: ReadonlyMap<string, string>,
  ): void => {
    if (rename(owner, key, names)) found.words.add(word);
  };
  const described = (type: unknown, object: unknown): void => {
    const name = stringNode(object);
    if (name === null) return;
    if (type === 'OBJECT_ROLE') renameBehind('ROLE', name, 'sval', roles);
    if (type === 'OBJECT_TABLESPACE') renameBehind('TABLESPACE', name, 'sval', tablespaces);
  };
  const setting = (args: unknown, names: ReadonlyMap<string, string>): void => {
    for (const arg of asArray(args)) {
      const constant = arg.A_Const as Tree | undefined;
      const value = constant?.sval as Tree | undefined;
      if (constant === undefined || value === undefined || !rename(value, 'sval', names)) continue;
      found.values.set(placeOf(constant.location), String(value.sval));
    }
  };
  const special: Readonly<Record<string, (body: Tree) => void>> = {
    CreateRoleStmt: (body) => renameBehind(roleWords[String(body.stmt_type)] ?? 'ROLE', body, 'role', roles),
    GrantRoleStmt: ({ granted_roles }) => {
      for (const role of asArray(granted_roles))
        renameBehind('GRANT', role.AccessPriv as Tree, 'priv_name', roles);
    },
    CommentStmt: ({ objtype, object }) => described(objtype, object),
    SecLabelStmt: ({ objtype, object }) => described(objtype, object),
    AlterOwnerStmt: ({ objectType, object }) => described(objectType, object),
    GrantStmt: ({ objtype, objects }) => {
      for (const object of asArray(objects)) described(objtype, object);
    },
    AlterTableCmd: (body) => {
      if (body.subtype === 'AT_SetTableSpace') renameBehind('TABLESPACE', body, 'name', tablespaces);
    },
    VariableSetStmt: ({ name, args }) => {
      if (tablespaceSettings.has(String(name))) setting(args, tablespaces);
      if (roleSettings.has(String(name))) setting(args, roles);
    },
  };
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) for (const item of node) walk(item);
    if (!isTree(node)) return;
    if (node.roletype === 'ROLESPEC_CSTRING' && rename(node, 'rolename', roles)) {
      found.values.set(placeOf(node.location), String(node.rolename));
    }
    for (const [key, value] of Object.entries(node)) {
      if (tablespaceKeys.has(key)) renameBehind('TABLESPACE', node, key, tablespaces);
      else special[key]?.(value as Tree);
      walk(value);
    }
  };
  walk(tree);
}
