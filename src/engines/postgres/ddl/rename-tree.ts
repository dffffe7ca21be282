import type { LeftAlone, SchemaRename, SchemaRenames } from './rename-rules.ts';
import { namesSchema, qualifiesWith } from './schema-words.ts';

/** What renaming the tree found out for renaming the text. Places are byte offsets. */
export interface TreeRenaming {
  /** Names that were renamed whether the dump makes them or not, as `schema.name`. */
  readonly anyway: ReadonlySet<string>;
  /** Tokens that look like a schema before a dot and are an alias or a column. */
  readonly protectedPlaces: ReadonlySet<number>;
  /** New values of string constants by their place. */
  readonly constants: ReadonlyMap<number, string>;
  /** A schema was named by itself, as in ON SCHEMA. */
  readonly namesSchemas: boolean;
  readonly leftAlone: readonly LeftAlone[];
}

/** Renames schemas in a text constant that the type `type` (regclass ...) reads; null where it cannot be understood. */
export type ConstantRenamer = (text: string, type: string) => string | null;

/** Renames the schemas in a parse tree, in place. */
export function renameTree(
  tree: unknown,
  renames: SchemaRenames,
  renameConstant: ConstantRenamer,
): TreeRenaming {
  const walker = new Walker(renames, renameConstant);
  walker.walk(tree);
  return walker;
}

type Tree = Record<string, unknown>;

/** Arrays of strings below these keys are qualified names. Others (columns, labels, arguments of triggers) are not. */
const qualifiedKeys: ReadonlySet<string> = new Set([
  'cfgname',
  'collation',
  'collname',
  'conversion_name',
  'defnames',
  'domainname',
  'func_name',
  'funcname',
  'handler_name',
  'name', // of an operator
  'names', // of a type
  'objname',
  'opclass',
  'opclassname',
  'operName',
  'opfamilyname',
  'order_family',
  'plhandler',
  'plinline',
  'plvalidator',
  'typeName',
  'useOp',
]);
/** Options whose list of strings names a relation. */
const relationOptions: ReadonlySet<string> = new Set(['owned_by', 'sequence_name']);
/** Options whose list of strings is no qualified name. */
const otherLists: ReadonlySet<string> = new Set(['as', 'roles', 'schemas']);
/** Objects that COMMENT and the like name as schema, table, part. */
const partTypes: ReadonlySet<string> = new Set([
  'OBJECT_COLUMN',
  'OBJECT_TABCONSTRAINT',
  'OBJECT_TRIGGER',
  'OBJECT_RULE',
  'OBJECT_POLICY',
]);
/** Constants that are the bare name of a schema, in no type's syntax. */
const schemaItself = 'schema';
const sequenceFunctions: ReadonlySet<string> = new Set(['nextval', 'currval', 'setval']);

class Walker implements TreeRenaming {
  readonly anyway = new Set<string>();
  readonly protectedPlaces = new Set<number>();
  readonly constants = new Map<number, string>();
  readonly leftAlone: LeftAlone[] = [];
  namesSchemas = false;
  readonly #renames: SchemaRenames;
  readonly #renameConstant: ConstantRenamer;

  constructor(renames: SchemaRenames, renameConstant: ConstantRenamer) {
    this.#renames = renames;
    this.#renameConstant = renameConstant;
  }

  walk(tree: unknown): void {
    if (Array.isArray(tree)) {
      for (const item of tree) this.walk(item);
      return;
    }
    if (typeof tree !== 'object' || tree === null) return;
    const node = tree as Tree;
    for (const [key, value] of Object.entries(node)) {
      if (key === 'schemaname') this.#schemaOf(node);
      else if (qualifiedKeys.has(key) && Array.isArray(value)) this.#qualified(value);
      else this.#special[key]?.(value as Tree);
      this.walk(value);
    }
  }

  /** What needs more than a look at the key; the walk goes on below each of them. */
  readonly #special: Readonly<Record<string, (body: Tree) => void>> = {
    CreateSchemaStmt: () => {
      this.namesSchemas = true;
    },
    ColumnRef: (body) => this.#columnRef(body),
    ResTarget: ({ name, indirection, location }) => {
      if (Array.isArray(indirection) && this.#renames.has(String(name))) this.#protect(location);
    },
    CommentStmt: (body) => this.#described(body.objtype, body.object),
    SecLabelStmt: (body) => this.#described(body.objtype, body.object),
    AlterOwnerStmt: (body) => this.#described(body.objectType, body.object),
    GrantStmt: ({ objtype, objects }) => {
      for (const object of asArray(objects)) this.#described(objtype, object);
    },
    PublicationObjSpec: (body) => {
      if (body.pubobjtype === 'PUBLICATIONOBJ_TABLES_IN_SCHEMA') this.#alone(body, 'name');
    },
    CreateExtensionStmt: ({ options }) => {
      for (const option of asArray(options)) {
        const { defname, arg } = option.DefElem as Tree;
        if (defname === 'schema') this.#alone((arg as Tree).String as Tree, 'sval');
      }
    },
    DefElem: (body) => this.#option(body),
    VariableSetStmt: ({ name, args }) => {
      if (name === 'search_path') for (const arg of asArray(args)) this.#constant(arg, schemaItself);
    },
    CreateTrigStmt: ({ args }) => {
      for (const arg of asArray(args)) this.#watch('text', String(stringNode(arg)?.sval ?? ''));
    },
    TypeCast: ({ arg, typeName }) => {
      const type = lastString((typeName as Tree).names);
      if (type.startsWith('reg')) this.#constant(uncast(arg), type);
    },
    FuncCall: ({ funcname, args }) => {
      const [first] = asArray(args);
      if (sequenceFunctions.has(lastString(funcname)) && first !== undefined)
        this.#constant(first, 'regclass');
    },
    /** Of an EXCLUDE: pairs of an element and its operator's name. */
    exclusions: (pairs) => {
      for (const pair of asArray(pairs)) this.#qualified(listItems(asArray(listItems(pair))[1]));
    },
    dicts: (names) => {
      for (const name of asArray(names)) this.#qualified(listItems(name));
    },
    A_Const: ({ sval, location }) => {
      const text = (sval as Tree | undefined)?.sval;
      if (typeof text === 'string' && !this.constants.has(placeOf(location))) this.#watch('text', text);
    },
  };

  #schemaOf(node: Tree): void {
    const rename = this.#renames.get(String(node.schemaname));
    if (rename === undefined) return;
    if (typeof node.relname === 'string') this.anyway.add(`${rename.source}.${node.relname}`);
    node.schemaname = rename.target;
  }

  /** `[schema, name, ...]` of something that the statement is about: renamed whether the dump makes it or not. */
  #qualifiedAnyway(parts: readonly unknown[]): void {
    const schema = stringNode(parts[0]);
    const rename = schema === null ? undefined : this.#renames.get(String(schema.sval));
    if (schema === null || rename === undefined || parts.length < 2) return;
    this.anyway.add(`${rename.source}.${stringNode(parts[1])?.sval}`);
    schema.sval = rename.target;
  }

  /** `[schema, name]` of something that the statement uses. */
  #qualified(parts: readonly unknown[]): void {
    const schema = stringNode(parts[0]);
    const name = stringNode(parts[1])?.sval;
    if (schema === null || name === undefined) return;
    const rename = this.#renames.get(String(schema.sval));
    if (rename === undefined) return;
    if (rename.makes(String(name))) schema.sval = rename.target;
    else this.#reference(rename, String(name));
  }

  #reference({ source }: SchemaRename, name: string): void {
    this.leftAlone.push({ kind: 'reference', source, reference: `${source}.${name}` });
  }

  /** A schema by itself. */
  #alone(owner: Tree, key: string): void {
    const rename = this.#renames.get(String(owner[key]));
    if (rename === undefined) return;
    owner[key] = rename.target;
    this.namesSchemas = true;
  }

  #columnRef({ fields, location }: Tree): void {
    const parts = asArray(fields);
    const first = stringNode(parts[0]);
    const rename = first === null ? undefined : this.#renames.get(String(first.sval));
    if (first === null || rename === undefined) return;
    // Of two parts the first is an alias, and may well be called like a schema.
    if (parts.length < 3) this.#protect(location);
    else this.#qualifiedAnyway(parts);
  }

  #described(type: unknown, object: unknown): void {
    const node = (object ?? {}) as Tree;
    const name = stringNode(node);
    if (name !== null) {
      if (type === 'OBJECT_SCHEMA') this.#alone(name, 'sval');
      return;
    }
    const items = listItems(node);
    if (type === 'OBJECT_OPCLASS' || type === 'OBJECT_OPFAMILY') {
      this.#qualifiedAnyway(items.slice(1)); // after the access method
    } else if (items.length > (partTypes.has(String(type)) ? 2 : 1)) {
      this.#qualifiedAnyway(items);
    }
  }

  #option({ defname, arg }: Tree): void {
    const items = listItems(arg);
    if (defname === 'schemas') {
      for (const item of items) {
        const schema = stringNode(item);
        if (schema !== null) this.#alone(schema, 'sval');
      }
    } else if (defname === 'as') {
      for (const item of items) this.#watch('body', String(stringNode(item)?.sval ?? ''));
    } else if (relationOptions.has(String(defname))) {
      this.#qualifiedAnyway(items);
    } else if (!otherLists.has(String(defname))) {
      this.#qualified(items);
    }
  }

  #constant(node: unknown, type: string): void {
    const constant = (node as Tree).A_Const as Tree | undefined;
    const value = constant?.sval as Tree | undefined;
    if (constant === undefined || typeof value?.sval !== 'string') return;
    const renamed =
      type === schemaItself
        ? (this.#renames.get(value.sval)?.target ?? null)
        : this.#renameConstant(value.sval, type);
    if (renamed === null || renamed === value.sval) return;
    value.sval = renamed;
    this.constants.set(placeOf(constant.location), renamed);
  }

  #watch(kind: 'text' | 'body', text: string): void {
    for (const source of this.#renames.keys()) {
      if (kind === 'body' ? namesSchema(text, source) : qualifiesWith(text, source)) {
        this.leftAlone.push({ kind, source, reference: '' });
      }
    }
  }

  #protect(location: unknown): void {
    this.protectedPlaces.add(placeOf(location));
  }
}

/** Places at the very beginning are left out of the tree. */
const placeOf = (location: unknown): number => (typeof location === 'number' ? location : 0);

const asArray = (value: unknown): Tree[] => (Array.isArray(value) ? (value as Tree[]) : []);

const listItems = (node: unknown): Tree[] =>
  asArray(((node as Tree | undefined)?.List as Tree | undefined)?.items);

/** The inside of a String node, to be changed in place. */
const stringNode = (node: unknown): Tree | null =>
  ((node as Tree | undefined)?.String as Tree | undefined) ?? null;

const lastString = (names: unknown): string => String(stringNode(asArray(names).at(-1))?.sval ?? '');

/** `'name'::text` is a constant too. */
function uncast(node: unknown): unknown {
  const cast = (node as Tree).TypeCast as Tree | undefined;
  return cast === undefined ? node : uncast(cast.arg);
}
