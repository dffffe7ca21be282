import { type Renames, tableTarget } from './rename-rules.ts';
import { asArray, isTree, placeOf, stringNode, type Tree } from './tree.ts';
import type { TreeRenaming } from './tree-renaming.ts';

/** Where the table is named whose columns the statement's expressions are about; they may qualify them with its name. */
const ownTables: Readonly<Record<string, (body: Tree) => unknown>> = {
  CreateStmt: (body) => body.relation,
  CreateForeignTableStmt: (body) => (body.base as Tree | undefined)?.relation,
  AlterTableStmt: (body) => body.relation,
  IndexStmt: (body) => body.relation,
  CreatePolicyStmt: (body) => body.table,
  CreateStatsStmt: (body) => asArray(body.relations)[0]?.RangeVar,
  /** With its row filter, in publications. */
  pubtable: (body) => body.relation,
};

/**
 * Renames the table of a statement where expressions name it, as in the policy `USING (f(emp.*))`, in place. Such a name stands for
 * the table only where no query inside has another thing of the old or the new name; where one has, `found` gets impossible.
 */
export function renameOwnTable(tree: unknown, renames: Renames, found: TreeRenaming): void {
  if (renames.tables.size === 0) return;
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) for (const item of node) walk(item);
    if (!isTree(node)) return;
    for (const [key, value] of Object.entries(node)) {
      const relation = isTree(value) ? ownTables[key]?.(value) : undefined;
      if (isTree(relation)) renameInside(value as Tree, relation, renames, found);
      walk(value);
    }
  };
  walk(tree);
}

function renameInside(body: Tree, relation: Tree, renames: Renames, found: TreeRenaming): void {
  const source = String(relation.relname);
  const target = tableTarget(renames, relation.schemaname, source);
  if (target === undefined) return;
  const references: { readonly name: Tree; readonly place: number }[] = [];
  const others = new Set<unknown>();
  const collect = (node: unknown): void => {
    if (Array.isArray(node)) for (const item of node) collect(item);
    if (!isTree(node) || node === relation) return;
    const [first, ...rest] = asArray(node.fields);
    const name = stringNode(first);
    if (name?.sval === source && rest.length === 1) references.push({ name, place: placeOf(node.location) });
    if (node.relname !== undefined && node.alias === undefined) others.add(node.relname);
    if (node.aliasname !== undefined) others.add(node.aliasname);
    if (node.ctename !== undefined) others.add(node.ctename);
    for (const value of Object.values(node)) collect(value);
  };
  collect(body);
  if (references.length === 0) return;
  if (others.has(source) || others.has(target)) {
    found.isImpossible = true;
    return;
  }
  for (const { name, place } of references) {
    name.sval = target;
    found.values.set(place, target);
  }
}
