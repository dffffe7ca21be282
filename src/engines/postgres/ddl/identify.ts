import type { AlterTableStmt, DefElem, Node, ObjectType } from 'libpg-query';
import {
  describedObject,
  nameParts,
  type ObjectName,
  partOf,
  qualified,
  relationName,
} from './object-name.ts';

/** What a statement of pg_dump makes; a null leaves the word to the comment above it. */
export interface Identity {
  readonly type: string | null;
  readonly object: ObjectName | null;
}

type Kind = Node extends infer N ? (N extends unknown ? keyof N : never) : never;
type Body<K extends Kind> = Extract<Node, Record<K, unknown>>[K];
type Readers = { readonly [K in Kind]?: (body: Body<K>) => Identity };

const as = (type: string | null, object: ObjectName | null): Identity => ({ type, object });
const global = (type: string, name: string | undefined): Identity =>
  as(type, name === undefined ? null : { schema: null, name });

const readers: Readers = {
  CreateSchemaStmt: (body) => global('SCHEMA', body.schemaname),
  CreateExtensionStmt: (body) => global('EXTENSION', body.extname),
  CreatePLangStmt: (body) => global('PROCEDURAL LANGUAGE', body.plname),
  CreateAmStmt: (body) => global('ACCESS METHOD', body.amname),
  CreateFdwStmt: (body) => global('FOREIGN DATA WRAPPER', body.fdwname),
  CreateForeignServerStmt: (body) => global('SERVER', body.servername),
  CreateUserMappingStmt: () => as('USER MAPPING', null),
  CreateCastStmt: () => as('CAST', null),
  CreateTransformStmt: () => as('TRANSFORM', null),
  CreateEventTrigStmt: (body) => global('EVENT TRIGGER', body.trigname),
  CreatePublicationStmt: (body) => global('PUBLICATION', body.pubname),
  CreateSubscriptionStmt: (body) => global('SUBSCRIPTION', body.subname),
  // A part of the publication, not of the table: it makes no sense in a set without the publication.
  AlterPublicationStmt: (body) => {
    const [first] = body.pubobjects ?? [];
    const isTable =
      first !== undefined && 'PublicationObjSpec' in first && first.PublicationObjSpec.pubtable !== undefined;
    return global(isTable ? 'PUBLICATION TABLE' : 'PUBLICATION TABLES IN SCHEMA', body.pubname);
  },

  CreateStmt: (body) => as('TABLE', relationName(body.relation)),
  CreateForeignTableStmt: (body) => as('FOREIGN TABLE', relationName(body.base?.relation)),
  ViewStmt: (body) => as('VIEW', relationName(body.view)),
  CreateTableAsStmt: (body) => as('MATERIALIZED VIEW', relationName(body.into?.rel)),
  CreateSeqStmt: (body) => as('SEQUENCE', relationName(body.sequence)),
  AlterSeqStmt: (body) => as('SEQUENCE OWNED BY', relationName(body.sequence)),

  CompositeTypeStmt: (body) => {
    const { relname, schemaname } = body.typevar ?? {};
    return as('TYPE', relname === undefined ? null : { schema: schemaname ?? null, name: relname });
  },
  CreateEnumStmt: (body) => as('TYPE', qualified(nameParts(body.typeName))),
  CreateRangeStmt: (body) => as('TYPE', qualified(nameParts(body.typeName))),
  CreateDomainStmt: (body) => as('DOMAIN', qualified(nameParts(body.domainname))),
  AlterDomainStmt: (body) => as('CHECK CONSTRAINT', qualified(nameParts(body.typeName))),
  CreateFunctionStmt: (body) =>
    as(body.is_procedure === true ? 'PROCEDURE' : 'FUNCTION', qualified(nameParts(body.funcname))),
  CreateOpClassStmt: (body) => as('OPERATOR CLASS', qualified(nameParts(body.opclassname))),
  CreateOpFamilyStmt: (body) => as('OPERATOR FAMILY', qualified(nameParts(body.opfamilyname))),
  CreateConversionStmt: (body) => as('CONVERSION', qualified(nameParts(body.conversion_name))),
  DefineStmt: (body) => {
    const isShell = body.kind === 'OBJECT_TYPE' && (body.definition ?? []).length === 0;
    return as(isShell ? 'SHELL TYPE' : definedType(body.kind), qualified(nameParts(body.defnames)));
  },

  IndexStmt: (body) => as('INDEX', partOf(body.relation, body.idxname)),
  CreateTrigStmt: (body) => as('TRIGGER', partOf(body.relation, body.trigname)),
  RuleStmt: (body) => as('RULE', partOf(body.relation, body.rulename)),
  CreatePolicyStmt: (body) => as('POLICY', partOf(body.table, body.policy_name)),
  CreateStatsStmt: (body) => {
    const [relation] = body.relations ?? [];
    const name = nameParts(body.defnames).at(-1);
    return as(
      'STATISTICS',
      relation !== undefined && 'RangeVar' in relation ? partOf(relation.RangeVar, name) : null,
    );
  },
  AlterTableStmt: (body) => alteredTable(body),

  CommentStmt: (body) => as('COMMENT', describedObject(body.objtype, body.object)),
  SecLabelStmt: (body) => as('SECURITY LABEL', describedObject(body.objtype, body.object)),
  AlterOwnerStmt: (body) => as('OWNER', describedObject(body.objectType, body.object)),
  GrantStmt: (body) => as('ACL', describedObject(body.objtype, body.objects?.[0])),
  AlterDefaultPrivilegesStmt: (body) => {
    const schemas = defElems(body.options).find((option) => option.defname === 'schemas')?.arg;
    const [schema = null] = schemas !== undefined && 'List' in schemas ? nameParts(schemas.List.items) : [];
    return as('DEFAULT ACL', { schema, name: 'DEFAULT PRIVILEGES' });
  },
};

/** What the first statement below a comment of pg_dump makes. */
export function identify(node: Node): Identity {
  const [kind] = Object.keys(node) as [Kind];
  const reader = readers[kind] as ((body: unknown) => Identity) | undefined;
  return reader?.((node as Record<string, unknown>)[kind]) ?? as(null, null);
}

export const defElems = (nodes: readonly Node[] | undefined): DefElem[] =>
  (nodes ?? []).flatMap((node) => ('DefElem' in node ? [node.DefElem] : []));

function definedType(kind: ObjectType | undefined): string | null {
  switch (kind) {
    case 'OBJECT_AGGREGATE':
      return 'AGGREGATE';
    case 'OBJECT_OPERATOR':
      return 'OPERATOR';
    case 'OBJECT_TYPE':
      return 'TYPE';
    case 'OBJECT_COLLATION':
      return 'COLLATION';
    case 'OBJECT_TSPARSER':
      return 'TEXT SEARCH PARSER';
    case 'OBJECT_TSDICTIONARY':
      return 'TEXT SEARCH DICTIONARY';
    case 'OBJECT_TSTEMPLATE':
      return 'TEXT SEARCH TEMPLATE';
    case 'OBJECT_TSCONFIGURATION':
      return 'TEXT SEARCH CONFIGURATION';
    default:
      return null;
  }
}

function alteredTable(body: AlterTableStmt): Identity {
  const { relation } = body;
  const [first] = body.cmds ?? [];
  const command = first !== undefined && 'AlterTableCmd' in first ? first.AlterTableCmd : undefined;
  const { def } = command ?? {};
  const constraint = def !== undefined && 'Constraint' in def ? def.Constraint : undefined;
  switch (command?.subtype) {
    case 'AT_AddConstraint': {
      const object = partOf(relation, constraint?.conname);
      if (constraint?.contype === 'CONSTR_FOREIGN') return as('FK CONSTRAINT', object);
      return as(constraint?.contype === 'CONSTR_CHECK' ? 'CHECK CONSTRAINT' : 'CONSTRAINT', object);
    }
    case 'AT_AddIdentity': {
      const name = defElems(constraint?.options).find((option) => option.defname === 'sequence_name')?.arg;
      const sequence = name !== undefined && 'List' in name ? qualified(nameParts(name.List.items)) : null;
      const on = relation?.relname;
      return as('SEQUENCE', sequence && on !== undefined ? { ...sequence, on } : null);
    }
    case 'AT_AttachPartition': {
      const child = def !== undefined && 'PartitionCmd' in def ? relationName(def.PartitionCmd.name) : null;
      return as(body.objtype === 'OBJECT_INDEX' ? 'INDEX ATTACH' : 'TABLE ATTACH', child);
    }
    case 'AT_ColumnDefault':
      return as('DEFAULT', partOf(relation, command.name));
    case 'AT_EnableRowSecurity':
      return as('ROW SECURITY', partOf(relation, relation?.relname));
    // All that is said of a trigger that a partition has from its parent.
    case 'AT_DisableTrig':
    case 'AT_EnableAlwaysTrig':
    case 'AT_EnableReplicaTrig':
    case 'AT_EnableTrig':
      return as('TRIGGER', partOf(relation, command.name));
    case 'AT_ChangeOwner':
      return as('OWNER', relationName(relation));
    case 'AT_ClusterOn':
      return as('CLUSTER ON', partOf(relation, command.name));
    case 'AT_ReplicaIdentity':
      return as('REPLICA IDENTITY', partOf(relation, relation?.relname));
    default:
      return as(null, relationName(relation));
  }
}

/** The role of an ALTER ... OWNER TO; null for other statements. */
export function newOwnerOf(node: Node): string | null {
  if ('AlterOwnerStmt' in node) return node.AlterOwnerStmt.newowner?.rolename ?? null;
  if (!('AlterTableStmt' in node)) return null;
  const [command] = node.AlterTableStmt.cmds ?? [];
  return command !== undefined && 'AlterTableCmd' in command
    ? (command.AlterTableCmd.newowner?.rolename ?? null)
    : null;
}
