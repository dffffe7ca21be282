import type { LeftAlone } from './rename-rules.ts';

/** The words behind which names stand that the tree gives no place of. */
export type NameWord = 'SCHEMA' | 'TABLESPACE' | 'ROLE' | 'USER' | 'GROUP' | 'GRANT';

/** What renaming the tree found out for renaming the text. Places are byte offsets. */
export class TreeRenaming {
  /** Names whose schema was renamed whether the dump makes them or not, as `schema.name`. */
  readonly anyway = new Set<string>();
  /** Tokens that look like a schema before a dot and are an alias or a column. */
  readonly protectedPlaces = new Set<number>();
  /** New values of string constants and of names, by their place. */
  readonly values = new Map<number, string>();
  /** New names of tables, by the place of the schema before the dot. */
  readonly tables = new Map<number, string>();
  /** Aliases that keep the old names of tables within a query, by the place of the schema. */
  readonly aliases = new Map<number, string>();
  /** How often each table was renamed where the tree gives no place, as `schema.name`. */
  readonly unplaced = new Map<string, number>();
  /** Places of the tree's nodes. */
  readonly places = new Set<number>();
  /** Behind these words names by themselves were renamed: ON SCHEMA a, b. */
  readonly words = new Set<NameWord>();
  readonly leftAlone: LeftAlone[] = [];
  /** A name in it cannot be renamed without a change of what it means. */
  isImpossible = false;
}
