import type { AlterTableType } from 'libpg-query';
import type { DdlObject } from '../../../core/catalogue.ts';
import { isLargeObjectStatement } from './large-object-statements.ts';
import { describedObject, nameParts } from './object-name.ts';
import { isGlobalStatement } from './refusal-globals.ts';
import type { Node } from './statements.ts';

/** What ALTER TABLE may add to the relation that a statement before it made. */
const alterations: ReadonlySet<AlterTableType> = new Set<AlterTableType>([
  'AT_AlterColumnGenericOptions',
  'AT_ColumnDefault',
  'AT_DisableRule',
  'AT_DisableTrig',
  'AT_EnableAlwaysRule',
  'AT_EnableAlwaysTrig',
  'AT_EnableReplicaRule',
  'AT_EnableReplicaTrig',
  'AT_EnableRowSecurity',
  'AT_EnableTrig',
  'AT_ForceRowSecurity',
  'AT_ReplicaIdentity',
  'AT_SetAccessMethod',
  'AT_SetCompression',
  'AT_SetLogged',
  'AT_SetNotNull',
  'AT_SetOptions',
  'AT_SetRelOptions',
  'AT_SetStatistics',
  'AT_SetStorage',
  'AT_SetUnLogged',
]);

/** Whether `node` may stand behind what makes the object, `main`: it goes on about the same thing. */
export function mayFollow(object: DdlObject, main: Node, node: Node): boolean {
  const isIt = (parts: readonly string[]): boolean =>
    parts.length === 2 && parts[0] === object.schema && parts[1] === object.name;
  if (object.type === 'ROLE' || object.type === 'TABLESPACE') return isGlobalStatement(object, node);
  if (isLargeObjectStatement(object, main)) return isLargeObjectStatement(object, node);
  if ('GrantStmt' in node) return object.type === 'ACL' && aboutOf(main) === aboutOf(node);
  if ('AlterTableStmt' in node) {
    const { relation, cmds = [] } = node.AlterTableStmt;
    const isHere = relation?.schemaname === object.schema;
    const isOwn = relation?.relname === object.name || relation?.relname === object.table;
    return (
      isHere &&
      isOwn &&
      cmds.every((cmd) => 'AlterTableCmd' in cmd && isAlteration(cmd.AlterTableCmd.subtype))
    );
  }
  if ('AlterEventTrigStmt' in node) return isEventTrigger(main, node.AlterEventTrigStmt.trigname);
  if ('AlterStatsStmt' in node) return isIt(nameParts(node.AlterStatsStmt.defnames));
  if ('AlterOpFamilyStmt' in node) {
    return node.AlterOpFamilyStmt.isDrop !== true && isIt(nameParts(node.AlterOpFamilyStmt.opfamilyname));
  }
  if ('AlterTSConfigurationStmt' in node) {
    const { kind, cfgname } = node.AlterTSConfigurationStmt;
    return kind === 'ALTER_TSCONFIG_ADD_MAPPING' && isIt(nameParts(cfgname));
  }
  if ('AlterObjectDependsStmt' in node) {
    const { objectType, object: named, relation, remove } = node.AlterObjectDependsStmt;
    const schema = relation?.schemaname ?? describedObject(objectType, named)?.schema;
    return remove !== true && schema === object.schema;
  }
  return false;
}

const isAlteration = (subtype: AlterTableType | undefined): boolean =>
  subtype !== undefined && alterations.has(subtype);

const isEventTrigger = (main: Node, name: string | undefined): boolean =>
  'CreateEventTrigStmt' in main && main.CreateEventTrigStmt.trigname === name;

/** What a grant is about, for comparison. */
function aboutOf(node: Node): string | null {
  if (!('GrantStmt' in node)) return null;
  const { targtype, objtype, objects } = node.GrantStmt;
  return targtype === 'ACL_TARGET_OBJECT'
    ? JSON.stringify([objtype, objects], (key, value: unknown) => (key === 'location' ? undefined : value))
    : null;
}
