/** A schema's new name, with what is known about its objects. */
export interface SchemaRename {
  readonly source: string;
  readonly target: string;
  /** Whether the dump makes an object of this name in the schema, or may (as part of an extension). */
  makes(name: string): boolean;
}

/** New names by old ones. All are done at once: swapping two names works. */
export interface Renames {
  readonly schemas: ReadonlyMap<string, SchemaRename>;
  /** By the schema's old name, then the table's. */
  readonly tables: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly tablespaces: ReadonlyMap<string, string>;
  readonly roles: ReadonlyMap<string, string>;
}

/** The new name of a table; undefined when it keeps its own. */
export const tableTarget = (renames: Renames, schema: unknown, name: unknown): string | undefined =>
  renames.tables.get(String(schema))?.get(String(name));

/** Something in a statement that keeps an old name. */
export interface LeftAlone {
  /**
   * `reference`: to an object that the dump does not make, such as one of an extension; `text`: in a string; `body`: in
   * the body of a function.
   */
  readonly kind: 'reference' | 'text' | 'body';
  /** What the name is of, and itself: `schema hr`, `table hr.emp`; of a reference: `public.uuid_generate_v4`. */
  readonly subject: string;
}
