/** A schema's new name, with what is known about its objects. */
export interface SchemaRename {
  readonly source: string;
  readonly target: string;
  /** Whether the dump makes an object of this name in the schema, or may (as part of an extension). */
  makes(name: string): boolean;
}

/** By source. All are done at once: swapping two names works. */
export type SchemaRenames = ReadonlyMap<string, SchemaRename>;

/** Something in a statement that keeps the old name of the schema `source`. */
export interface LeftAlone {
  /**
   * `reference`: to an object that the dump does not make, such as one of an extension; `text`: in a string; `body`: in
   * the body of a function.
   */
  readonly kind: 'reference' | 'text' | 'body';
  readonly source: string;
  /** The reference: `public.uuid_generate_v4`; '' otherwise. */
  readonly reference: string;
}
