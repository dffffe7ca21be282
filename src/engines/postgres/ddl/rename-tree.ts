import { leftInBody, leftInText } from './leftovers.ts';
import { renameGlobals } from './rename-globals.ts';
import { renameOwnTable } from './rename-own-table.ts';
import { type Renames, tableTarget } from './rename-rules.ts';
import { asArray, lastString, listItems, placeOf, stringNode, type Tree } from './tree.ts';
import { TreeRenaming } from './tree-renaming.ts';

/** Renames schemas in a text constant that the type `type` (regclass ...) reads; null where it cannot be understood. */
export type ConstantRenamer = (text: string, type: string) => string | null;

/** Makes the renames in a parse tree, in place. */
export function renameTree(tree: unknown, renames: Renames, renameConstant: ConstantRenamer): TreeRenaming {
  const found = new TreeRenaming();
  renameGlobals(tree, renames, found);
  renameOwnTable(tree, renames, found);
  new Walker(renames, renameConstant, found).walk(tree);
  return found;
}

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

/** What COMMENT and the like may name of the relations of a schema. */
const relationTypes: ReadonlySet<string> = new Set([
  'OBJECT_TABLE',
  'OBJECT_FOREIGN_TABLE',
  'OBJECT_VIEW',
  'OBJECT_MATVIEW',
  'OBJECT_SEQUENCE',
  'OBJECT_INDEX',
  ...partTypes,
]);

class Walker {
  readonly #renames: Renames;
  readonly #renameConstant: ConstantRenamer;
  readonly #found: TreeRenaming;

  constructor(renames: Renames, renameConstant: ConstantRenamer, found: TreeRenaming) {
    this.#renames = renames;
    this.#renameConstant = renameConstant;
    this.#found = found;
  }

  walk(tree: unknown): void {
    if (Array.isArray(tree)) {
      for (const item of tree) this.walk(item);
      return;
    }
    if (typeof tree !== 'object' || tree === null) return;
    const node = tree as Tree;
    for (const [key, value] of Object.entries(node)) {
      if (key === 'schemaname') this.#relation(node);
      else if (key === 'location') this.#found.places.add(placeOf(value));
      else if (key === 'names' && Array.isArray(value)) this.#type(node, value);
      else if (qualifiedKeys.has(key) && Array.isArray(value)) this.#qualified(value);
      else this.#special[key]?.(value as Tree);
      this.walk(value);
    }
  }

  /** What needs more than a look at the key; the walk goes on below each of them. */
  readonly #special: Readonly<Record<string, (body: Tree) => void>> = {
    CreateSchemaStmt: () => {
      this.#found.words.add('SCHEMA');
    },
    fromClause: (items) => this.#aliases(asArray(items)),
    usingClause: (items) => this.#aliases(asArray(items)),
    JoinExpr: ({ larg, rarg }) => this.#aliases([larg as Tree, rarg as Tree]),
    RangeTableSample: ({ relation }) => this.#aliases([relation as Tree]),
    InsertStmt: ({ relation }) => this.#alias(relation as Tree),
    UpdateStmt: ({ relation }) => this.#alias(relation as Tree),
    DeleteStmt: ({ relation }) => this.#alias(relation as Tree),
    MergeStmt: ({ relation, sourceRelation }) => {
      this.#alias(relation as Tree);
      this.#aliases([sourceRelation as Tree]);
    },
    ColumnRef: (body) => this.#columnRef(body),
    ResTarget: ({ name, indirection, location }) => {
      if (Array.isArray(indirection) && this.#renames.schemas.has(String(name))) this.#protect(location);
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
      for (const arg of asArray(args)) this.#watchText(stringNode(arg)?.sval);
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
      if (!this.#found.values.has(placeOf(location))) this.#watchText((sval as Tree | undefined)?.sval);
    },
  };

  #relation(node: Tree): void {
    const { schemaname: schema, relname: name } = node;
    const rename = this.#renames.schemas.get(String(schema));
    if (rename !== undefined) {
      if (typeof name === 'string') this.#found.anyway.add(`${rename.source}.${name}`);
      node.schemaname = rename.target;
    }
    const target = tableTarget(this.#renames, schema, name);
    if (target === undefined) return;
    node.relname = target;
    this.#found.tables.set(placeOf(node.location), target);
  }

  /** What a query reads keeps its old name as an alias there, so that its columns are found under it. */
  #alias(relation: Tree | undefined): void {
    const { schemaname: schema, relname: name, alias, location } = relation ?? {};
    if (relation === undefined || alias !== undefined) return;
    if (tableTarget(this.#renames, schema, name) === undefined) return;
    relation.alias = { aliasname: name };
    this.#found.aliases.set(placeOf(location), String(name));
  }

  #aliases(items: readonly (Tree | undefined)[]): void {
    for (const item of items) this.#alias(item?.RangeVar as Tree | undefined);
  }

  /** `[schema, type]`, the row type of a table among them; with %TYPE `[schema, table, column]`. */
  #type({ location }: Tree, names: readonly unknown[]): void {
    const schema = stringNode(names[0])?.sval;
    const name = stringNode(names[1]);
    const target = name === null ? undefined : tableTarget(this.#renames, schema, name.sval);
    this.#qualified(names);
    if (name === null || target === undefined) return;
    name.sval = target;
    this.#found.tables.set(placeOf(location), target);
  }

  /** `[schema, name, ...]` of something that the statement is about: renamed whether the dump makes it or not. */
  #qualifiedAnyway(parts: readonly unknown[], isRelation: boolean): void {
    const schema = stringNode(parts[0]);
    const name = stringNode(parts[1]);
    if (schema === null || name === null) return;
    const rename = this.#renames.schemas.get(String(schema.sval));
    const target = isRelation ? tableTarget(this.#renames, schema.sval, name.sval) : undefined;
    const key = `${schema.sval}.${name.sval}`;
    if (rename !== undefined) {
      this.#found.anyway.add(key);
      schema.sval = rename.target;
    }
    if (target !== undefined) {
      this.#found.unplaced.set(key, (this.#found.unplaced.get(key) ?? 0) + 1);
      name.sval = target;
    }
  }

  /** `[schema, name]` of something that the statement uses. */
  #qualified(parts: readonly unknown[]): void {
    const schema = stringNode(parts[0]);
    const name = stringNode(parts[1])?.sval;
    if (schema === null || name === undefined) return;
    const rename = this.#renames.schemas.get(String(schema.sval));
    if (rename === undefined) return;
    if (rename.makes(String(name))) schema.sval = rename.target;
    else this.#found.leftAlone.push({ kind: 'reference', subject: `${rename.source}.${name}` });
  }

  /** A schema by itself. */
  #alone(owner: Tree, key: string): void {
    const rename = this.#renames.schemas.get(String(owner[key]));
    if (rename === undefined) return;
    owner[key] = rename.target;
    this.#found.words.add('SCHEMA');
  }

  #columnRef({ fields, location }: Tree): void {
    const parts = asArray(fields);
    const first = stringNode(parts[0])?.sval;
    // Of two parts the first is an alias, and may well be called like a schema.
    if (parts.length < 3) {
      if (this.#renames.schemas.has(String(first))) this.#protect(location);
      return;
    }
    // With an alias, a table cannot be named with its schema.
    if (tableTarget(this.#renames, first, stringNode(parts[1])?.sval) !== undefined) {
      this.#found.isImpossible = true;
    }
    this.#qualifiedAnyway(parts, false);
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
      this.#qualifiedAnyway(items.slice(1), false); // after the access method
    } else if (items.length > (partTypes.has(String(type)) ? 2 : 1)) {
      this.#qualifiedAnyway(items, relationTypes.has(String(type)));
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
      for (const item of items) {
        this.#found.leftAlone.push(...leftInBody(String(stringNode(item)?.sval ?? ''), this.#renames));
      }
    } else if (relationOptions.has(String(defname))) {
      this.#qualifiedAnyway(items, true);
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
        ? (this.#renames.schemas.get(value.sval)?.target ?? null)
        : this.#renameConstant(value.sval, type);
    if (renamed === null || renamed === value.sval) return;
    value.sval = renamed;
    this.#found.values.set(placeOf(constant.location), renamed);
  }

  #watchText(text: unknown): void {
    if (typeof text === 'string') this.#found.leftAlone.push(...leftInText(text, this.#renames));
  }

  #protect(location: unknown): void {
    this.#found.protectedPlaces.add(placeOf(location));
  }
}

/** `'name'::text` is a constant too. */
function uncast(node: unknown): unknown {
  const cast = (node as Tree).TypeCast as Tree | undefined;
  return cast === undefined ? node : uncast(cast.arg);
}
