import type { Node, ObjectType, RangeVar } from 'libpg-query';

/**
 * What a statement is about, in names. `on`: the relation that the object is a part of (a trigger's table); `about`:
 * the object is or describes the relation of that name, which may be a table, a view, a sequence or an index.
 */
export interface ObjectName {
  readonly schema: string | null;
  readonly name: string;
  readonly on?: string;
  readonly about?: string;
}

/** The strings of a qualified name; other nodes (`*`) are left out. */
export const nameParts = (nodes: readonly Node[] | undefined): string[] =>
  (nodes ?? []).flatMap((node) => ('String' in node ? [node.String.sval ?? ''] : []));

/** `[schema, name]` or `[name]`. */
export function qualified(parts: readonly string[]): ObjectName | null {
  const name = parts.at(-1);
  return name === undefined ? null : { schema: parts.at(-2) ?? null, name };
}

export const relationName = (relation: RangeVar | undefined): ObjectName | null =>
  relation?.relname === undefined
    ? null
    : { schema: relation.schemaname ?? null, name: relation.relname, about: relation.relname };

/** Part `name` of `relation`. */
export const partOf = (relation: RangeVar | undefined, name: string | undefined): ObjectName | null =>
  relation?.relname === undefined
    ? null
    : { schema: relation.schemaname ?? null, name: name ?? relation.relname, on: relation.relname };

/** The object that COMMENT, SECURITY LABEL, GRANT or ALTER ... OWNER name; null for those without a name (casts). */
export function describedObject(type: ObjectType | undefined, object: Node | undefined): ObjectName | null {
  if (object === undefined) return null;
  if ('RangeVar' in object) return relationName(object.RangeVar);
  if ('TypeName' in object) return qualified(nameParts(object.TypeName.names));
  if ('ObjectWithArgs' in object) return qualified(nameParts(object.ObjectWithArgs.objname));
  if ('String' in object) {
    const name = object.String.sval ?? '';
    return { schema: type === 'OBJECT_SCHEMA' ? name : null, name };
  }
  return 'List' in object ? listedObject(type, object.List.items ?? []) : null;
}

function listedObject(type: ObjectType | undefined, items: readonly Node[]): ObjectName | null {
  const parts = nameParts(items);
  switch (type) {
    case 'OBJECT_TABLE':
    case 'OBJECT_FOREIGN_TABLE':
    case 'OBJECT_VIEW':
    case 'OBJECT_MATVIEW':
    case 'OBJECT_SEQUENCE':
    case 'OBJECT_INDEX': {
      const object = qualified(parts);
      return object && { ...object, about: object.name };
    }
    case 'OBJECT_COLUMN': {
      const object = qualified(parts.slice(0, -1));
      return object && { ...object, about: object.name };
    }
    case 'OBJECT_TABCONSTRAINT':
    case 'OBJECT_TRIGGER':
    case 'OBJECT_RULE':
    case 'OBJECT_POLICY': {
      const relation = qualified(parts.slice(0, -1));
      return relation && { ...relation, name: parts.at(-1) ?? '', on: relation.name };
    }
    case 'OBJECT_DOMCONSTRAINT': {
      const [domain] = items;
      return domain !== undefined && 'TypeName' in domain ? describedObject(type, domain) : null;
    }
    case 'OBJECT_OPCLASS':
    case 'OBJECT_OPFAMILY': // the first part is the access method
      return qualified(parts.slice(1));
    case 'OBJECT_CAST':
    case 'OBJECT_TRANSFORM':
      return null;
    default:
      return qualified(parts);
  }
}
