import type { ObjectType, RangeVar } from 'libpg-query';
import type { DdlObject } from '../../../core/catalogue.ts';
import { readQualifiedName } from './identifiers.ts';
import { defElems, type Identity } from './identify.ts';
import { isLargeObjectStatement } from './large-object-statements.ts';
import { constantsOfCall } from './refusal-calls.ts';
import { isGlobalStatement } from './refusal-globals.ts';
import type { Node } from './statements.ts';

/** What is not in the database, and is made by global objects alone. */
const globalObjectTypes: ReadonlySet<ObjectType> = new Set<ObjectType>([
  'OBJECT_DATABASE',
  'OBJECT_ROLE',
  'OBJECT_TABLESPACE',
  'OBJECT_PARAMETER_ACL',
]);

/** Whether `node` makes the object: it is of the type, under the name, and does nothing else. */
export function mayMake(object: DdlObject, node: Node, identity: Identity): boolean {
  switch (object.type) {
    case 'ROLE':
    case 'TABLESPACE':
      return isGlobalStatement(object, node);
    case 'BLOB':
      return isLargeObjectStatement(object, node);
    case 'SEQUENCE SET':
      return setsSequence(object, node);
    case 'MATERIALIZED VIEW DATA':
      return 'RefreshMatViewStmt' in node && isRelation(object, node.RefreshMatViewStmt.relation);
    default:
      return identity.type === object.type && hasItsName(object, identity) && isPlain(node);
  }
}

function hasItsName({ type, schema, name }: DdlObject, { object }: Identity): boolean {
  // Casts and the like have no name of their own, and are in no schema.
  if (object === null) return schema === null;
  if (object.schema !== schema) return false;
  // A REPLICA IDENTITY is named like the index that it is made with.
  return object.name === name || name.startsWith(`${object.name}(`) || type === 'REPLICA IDENTITY';
}

/** Whether a statement of a known kind has nothing in it that goes beyond the object. */
function isPlain(node: Node): boolean {
  if ('CreateStmt' in node) return isLasting(node.CreateStmt.relation);
  if ('ViewStmt' in node) return isLasting(node.ViewStmt.view);
  if ('CreateSeqStmt' in node) return isLasting(node.CreateSeqStmt.sequence);
  if ('CreateSchemaStmt' in node) return (node.CreateSchemaStmt.schemaElts ?? []).length === 0;
  if ('CreateTableAsStmt' in node) return node.CreateTableAsStmt.objtype === 'OBJECT_MATVIEW';
  if ('AlterTableStmt' in node) return node.AlterTableStmt.cmds?.length === 1;
  if ('AlterSeqStmt' in node) {
    return defElems(node.AlterSeqStmt.options).every(({ defname }) => defname === 'owned_by');
  }
  if ('AlterDomainStmt' in node) return node.AlterDomainStmt.subtype === 'C';
  if ('AlterPublicationStmt' in node) return node.AlterPublicationStmt.action === 'AP_AddObjects';
  if ('CreateSubscriptionStmt' in node) {
    return defElems(node.CreateSubscriptionStmt.options).some(
      ({ defname, arg }) =>
        defname === 'connect' && arg !== undefined && 'String' in arg && arg.String.sval === 'false',
    );
  }
  if ('GrantStmt' in node) {
    const { targtype, objtype, objects = [] } = node.GrantStmt;
    return targtype === 'ACL_TARGET_OBJECT' && objects.length === 1 && isInside(objtype);
  }
  if ('CommentStmt' in node) return isInside(node.CommentStmt.objtype);
  if ('SecLabelStmt' in node) return isInside(node.SecLabelStmt.objtype);
  if ('AlterOwnerStmt' in node) return isInside(node.AlterOwnerStmt.objectType);
  return true;
}

const isLasting = (relation: RangeVar | undefined): boolean => relation?.relpersistence !== 't';
const isInside = (type: ObjectType | undefined): boolean =>
  type !== undefined && !globalObjectTypes.has(type);

export const isRelation = ({ schema, name }: DdlObject, relation: RangeVar | undefined): boolean =>
  relation?.schemaname === schema && relation?.relname === name;

/** `SELECT pg_catalog.setval('schema.name', 5, true)`. */
function setsSequence({ schema, name }: DdlObject, node: Node): boolean {
  const [sequence, value, isCalled, ...others] = constantsOfCall(node, 'setval') ?? [];
  if (typeof sequence !== 'string' || typeof isCalled !== 'boolean' || others.length > 0) return false;
  const read = readQualifiedName(sequence, 0);
  return (
    read?.end === sequence.length &&
    read.parts.length === 2 &&
    read.parts[0] === schema &&
    read.parts[1] === name &&
    (typeof value === 'number' || /^-?\d+$/.test(String(value)))
  );
}
