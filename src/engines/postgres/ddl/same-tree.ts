/** Where something stands in the text, and how long it is: what may differ between equal statements. */
const placeKeys: ReadonlySet<string> = new Set([
  'location',
  'stmt_location',
  'stmt_len',
  'name_location',
  'list_start',
  'list_end',
  'rexpr_list_start',
  'rexpr_list_end',
]);

/** Whether two parse trees say the same, wherever in their texts. */
export function isSameTree(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => isSameTree(item, b[i]));
  }
  const [left, right] = [entriesOf(a), entriesOf(b)];
  const other = new Map(right);
  return left.length === right.length && left.every(([key, value]) => isSameTree(value, other.get(key)));
}

const entriesOf = (tree: object): [string, unknown][] =>
  Object.entries(tree).filter(([key]) => !placeKeys.has(key));
