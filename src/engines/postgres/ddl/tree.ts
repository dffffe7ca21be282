/** A node of a parse tree, or the inside of one, to be looked at and changed without its type. */
export type Tree = Record<string, unknown>;

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const asArray = (value: unknown): Tree[] => (Array.isArray(value) ? (value as Tree[]) : []);

export const listItems = (node: unknown): Tree[] =>
  asArray(((node as Tree | undefined)?.List as Tree | undefined)?.items);

/** The inside of a String node. */
export const stringNode = (node: unknown): Tree | null =>
  ((node as Tree | undefined)?.String as Tree | undefined) ?? null;

export const lastString = (names: unknown): string => String(stringNode(asArray(names).at(-1))?.sval ?? '');

/** Byte offset in the text. Places at the very beginning are left out of the tree. */
export const placeOf = (location: unknown): number => (typeof location === 'number' ? location : 0);
