import { AppError } from '../../core/errors.ts';

/** Text that is the tail of a predicate already, so not a list of names. */
const predicate = /^\s*([=<>!]|(not\s+)?(in\s*\(|like\s*'|between\s*'))/i;
/** One element of a list: `"Quoted"`, `'quoted'` (a doubled quote stands for one), or bare. */
const element = /\s*(?:"((?:[^"]|"")+)"|'((?:[^']|'')+)'|([^\s,'"]+))\s*/y;

/**
 * The expression that `filter` (kept from 19.1) stands for: a comma list of names becomes an `IN (...)` tail, a predicate tail stays as it is.
 * Throws `expression-invalid`.
 */
export function filterExpression(filter: string): string {
  if (predicate.test(filter)) return filter;
  const names: string[] = [];
  let at = 0;
  do {
    element.lastIndex = at;
    const found = element.exec(filter);
    const after = found === null ? undefined : filter[element.lastIndex];
    if (found === null || (after !== undefined && after !== ',')) {
      throw new AppError('expression-invalid', {
        message: `filter cannot be read at character ${at + 1}: it must be a comma list of names, or an IN (...) tail.`,
        hint: "Write names as HR,SCOTT or a predicate as IN ('HR', 'SCOTT').",
        field: 'filter',
      });
    }
    names.push(found[1]?.replaceAll('""', '"') ?? found[2]?.replaceAll("''", "'") ?? (found[3] as string));
    at = element.lastIndex + 1;
  } while (at <= filter.length);
  return `IN (${names.map((name) => `'${name.replaceAll("'", "''")}'`).join(', ')})`;
}
