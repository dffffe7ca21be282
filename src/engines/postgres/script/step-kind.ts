import type { RangeVar, WithClause } from 'libpg-query';
import { nameParts } from '../ddl/object-name.ts';
import type { Node } from '../ddl/statements.ts';
import type { ScriptStatement } from './read-script.ts';
import type { ReadStep } from './script-step.ts';

/**
 * What stays of a statement when its session is gone:
 *
 *     setting    nothing: SET, PREPARE, LISTEN ...
 *     temporary  nothing, but it took something of the database into temporary tables, which may be different by now
 *     lasting    what it did
 */
export type StatementKind = 'setting' | 'temporary' | 'lasting';

const settingNodes: readonly string[] = [
  'VariableSetStmt',
  'VariableShowStmt',
  'PrepareStmt',
  'DeallocateStmt',
  'DiscardStmt',
  'DeclareCursorStmt',
  'FetchStmt',
  'ClosePortalStmt',
  'ListenStmt',
  'UnlistenStmt',
  'ConstraintsSetStmt',
  'TransactionStmt',
];

/** The temporary tables, views and sequences of a session, as far as its scripts made them. */
export class TemporaryNames {
  readonly #names = new Set<string>();

  get isEmpty(): boolean {
    return this.#names.size === 0;
  }

  kindOf(step: Pick<ReadStep, 'statements'>): StatementKind {
    const inside = new TemporaryNames();
    for (const name of this.#names) inside.#names.add(name);
    const kinds = step.statements.map((statement) => {
      const kind = inside.#kindOfOne(statement);
      inside.#learnOne(statement);
      return kind;
    });
    if (kinds.includes('lasting')) return 'lasting';
    return kinds.includes('temporary') ? 'temporary' : 'setting';
  }

  /** A step went through. */
  learn(step: Pick<ReadStep, 'statements' | 'end' | 'begin'>): void {
    if (step.end === 'ROLLBACK') return;
    for (const statement of step.statements) this.#learnOne(statement);
    // What goes with the transaction.
    for (const { node } of step.statements) {
      if (dropsOnCommit(node)) this.#names.delete(madeBy(node)?.relname ?? '');
    }
  }

  #learnOne({ node }: ScriptStatement): void {
    const made = madeBy(node);
    if (made?.relname !== undefined) this.#names.add(made.relname);
    if ('RenameStmt' in node && this.#isOurs(node.RenameStmt.relation)) {
      const { relation, newname, renameType } = node.RenameStmt;
      if (renameType === 'OBJECT_COLUMN' || newname === undefined) return;
      this.#names.delete(relation?.relname ?? '');
      this.#names.add(newname);
    }
    if ('DropStmt' in node) for (const name of droppedBy(node)) this.#names.delete(name);
    if ('DiscardStmt' in node && /ALL|TEMP/.test(node.DiscardStmt.target ?? '')) this.#names.clear();
  }

  #kindOfOne({ node }: ScriptStatement): StatementKind {
    if (madeBy(node) !== null) return 'temporary';
    if (settingNodes.some((key) => key in node) || isSetConfig(node)) return 'setting';
    if ('DropStmt' in node) {
      const names = droppedBy(node);
      return names.length > 0 && names.every((name) => this.#names.has(name)) ? 'temporary' : 'lasting';
    }
    const written = writtenBy(node);
    return written?.every((relation) => this.#isOurs(relation)) ? 'temporary' : 'lasting';
  }

  #isOurs(relation: RangeVar | undefined): boolean {
    const isHere = relation?.schemaname === undefined || relation.schemaname === 'pg_temp';
    return isHere && relation?.relname !== undefined && this.#names.has(relation.relname);
  }
}

/** The temporary relation that a statement makes; null: none. */
function madeBy(node: Node): RangeVar | null {
  const relation =
    'CreateStmt' in node
      ? node.CreateStmt.relation
      : 'CreateTableAsStmt' in node
        ? node.CreateTableAsStmt.into?.rel
        : 'SelectStmt' in node
          ? node.SelectStmt.intoClause?.rel
          : 'ViewStmt' in node
            ? node.ViewStmt.view
            : 'CreateSeqStmt' in node
              ? node.CreateSeqStmt.sequence
              : undefined;
  const isTemporary = relation?.relpersistence === 't' || relation?.schemaname === 'pg_temp';
  return isTemporary && relation !== undefined ? relation : null;
}

function dropsOnCommit(node: Node): boolean {
  if ('CreateStmt' in node) return node.CreateStmt.oncommit === 'ONCOMMIT_DROP';
  if ('CreateTableAsStmt' in node) return node.CreateTableAsStmt.into?.onCommit === 'ONCOMMIT_DROP';
  return 'SelectStmt' in node && node.SelectStmt.intoClause?.onCommit === 'ONCOMMIT_DROP';
}

/** Names of dropped relations, without schema; those with one are of no temporary table, unless it is theirs. */
function droppedBy(node: Node): readonly string[] {
  if (!('DropStmt' in node)) return [];
  const { removeType, objects = [] } = node.DropStmt;
  if (!/^OBJECT_(?:TABLE|VIEW|SEQUENCE)$/.test(removeType ?? '')) return [];
  return objects.map((object) => {
    const parts = 'List' in object ? nameParts(object.List.items) : [];
    return parts.length === 1 || parts[0] === 'pg_temp' ? (parts.at(-1) ?? '') : parts.join('.');
  });
}

/** The relations that a statement writes, where nothing else can be written by it but through functions; null: unknown. */
function writtenBy(node: Node): readonly (RangeVar | undefined)[] | null {
  const only = (
    relation: RangeVar | undefined,
    clause?: WithClause,
  ): readonly (RangeVar | undefined)[] | null => (writesWithin(clause) ? null : [relation]);
  if ('InsertStmt' in node) return only(node.InsertStmt.relation, node.InsertStmt.withClause);
  if ('UpdateStmt' in node) return only(node.UpdateStmt.relation, node.UpdateStmt.withClause);
  if ('DeleteStmt' in node) return only(node.DeleteStmt.relation, node.DeleteStmt.withClause);
  if ('MergeStmt' in node) return only(node.MergeStmt.relation, node.MergeStmt.withClause);
  if ('IndexStmt' in node) return only(node.IndexStmt.relation);
  if ('AlterTableStmt' in node) return only(node.AlterTableStmt.relation);
  if ('RenameStmt' in node) return only(node.RenameStmt.relation);
  if ('TruncateStmt' in node) {
    return (node.TruncateStmt.relations ?? []).map((each) =>
      'RangeVar' in each ? each.RangeVar : undefined,
    );
  }
  return null;
}

/** Whether a WITH holds anything but queries. */
const writesWithin = (clause: WithClause | undefined): boolean =>
  (clause?.ctes ?? []).some(
    (cte) =>
      !('CommonTableExpr' in cte) ||
      cte.CommonTableExpr.ctequery === undefined ||
      !('SelectStmt' in cte.CommonTableExpr.ctequery),
  );

/** `SELECT set_config(...)`, as dumps set the search path. */
function isSetConfig(node: Node): boolean {
  if (!('SelectStmt' in node)) return false;
  const { targetList = [], fromClause = [], withClause } = node.SelectStmt;
  return (
    fromClause.length === 0 &&
    withClause === undefined &&
    targetList.length > 0 &&
    targetList.every((target) => {
      const value = 'ResTarget' in target ? target.ResTarget.val : undefined;
      return (
        value !== undefined &&
        'FuncCall' in value &&
        nameParts(value.FuncCall.funcname).at(-1) === 'set_config'
      );
    })
  );
}

/** The settings among the statements of a step that went through: what a new session lacks of it. */
export const settingsOf = ({ statements, end }: ReadStep): readonly ScriptStatement[] =>
  end === 'ROLLBACK'
    ? []
    : statements.filter(
        ({ node }) =>
          ('VariableSetStmt' in node &&
            node.VariableSetStmt.is_local !== true &&
            !/^TRANSACTION/.test(node.VariableSetStmt.name ?? '')) ||
          isSetConfig(node) ||
          'PrepareStmt' in node ||
          'DeallocateStmt' in node,
      );
