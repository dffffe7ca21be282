import { quantity } from '../base/quantity.ts';
import type { TableName } from '../core/catalogue.ts';
import type { NewJobLogEntry } from '../core/job.ts';
import type { Reduction } from '../core/read-rules.ts';
import { displayName, warnLine } from './target-lines.ts';

type MaybeReduced = TableName & { readonly reduced?: readonly Reduction[] };

/** So many tables are named. */
const named = 10;

/**
 * `Rows of 2 tables are filtered, of 1 sampled; columns of 1 table are masked: hr.emp, hr.dept.`; null when every row and value is as it was.
 * Says nothing of the conditions and values themselves.
 */
export function reducedSentence(tables: readonly MaybeReduced[]): string | null {
  const reduced = tables.filter((table) => (table.reduced ?? []).length > 0);
  if (reduced.length === 0) return null;
  const counts = (words: readonly (readonly [Reduction, string])[]): string =>
    words
      .map(([word, said]) => [reduced.filter((table) => table.reduced?.includes(word)).length, said] as const)
      .filter(([count]) => count > 0)
      .map(([count, said], i) =>
        i === 0 ? `of ${quantity(count, 'table')} are ${said}` : `of ${count} ${said}`,
      )
      .join(', ');
  const rows = counts([
    ['filtered', 'filtered'],
    ['sampled', 'sampled'],
  ]);
  const columns = counts([
    ['masked', 'masked'],
    ['columns', 'left out'],
  ]);
  const parts = [rows === '' ? '' : `rows ${rows}`, columns === '' ? '' : `columns ${columns}`];
  const text = parts.filter((part) => part !== '').join('; ');
  const more = reduced.length > named ? ` and ${reduced.length - named} more` : '';
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}: ${reduced.slice(0, named).map(displayName).join(', ')}${more}.`;
}

/** What an import must say of a set that is no full picture of its source. */
export function reducedLines(tables: readonly MaybeReduced[]): readonly NewJobLogEntry[] {
  const sentence = reducedSentence(tables);
  return sentence === null
    ? []
    : [warnLine(`The dump set does not hold all that its source had. ${sentence}`)];
}
