import { AppError } from '../../../core/errors.ts';
import type { TableToRead } from '../../engine.ts';
import { quoteIdentifier, quoteQualified } from '../names.ts';
import type { Connection } from '../wire/connection.ts';
import { ServerError } from '../wire/messages.ts';
import { maskTypesOf } from './plan-masks.ts';
import { writeFilter } from './write-filter.ts';
import { setHashKey, writeMask } from './write-mask.ts';

/** The table may not be read: its units will say so, and the others go on. */
const notAllowed = '42501';
/** Classes of SQLSTATE that blame the statement: values and operations, constraints (of domains), syntax and names. */
const statementClasses: readonly string[] = ['22', '23', '42'];

/** Whether the table has rules that the database can have an opinion on. */
export const hasRulesToCheck = ({ rules }: TableToRead): boolean =>
  rules !== null && (rules.filter !== null || rules.masks.length > 0);

/**
 * Has the server plan, not run, what the rules of `table` make of its query, and cast its constants. `connection` is in a transaction,
 * which is of no more use after an error. Throws `field-invalid`.
 */
export async function checkTableRules(
  connection: Connection,
  table: TableToRead,
  signal: AbortSignal,
): Promise<void> {
  const { rules } = table;
  if (rules === null) return;
  const name = quoteQualified(table);
  const types = maskTypesOf(table);
  const { filter, filterField = 'query', masks } = rules;
  const ask = (field: string, problem: string, sql: string): Promise<void> =>
    asked(field, problem, () => connection.query(sql, signal));
  await setHashKey(connection, rules, signal);
  try {
    if (filter !== null) {
      const sql = `EXPLAIN SELECT FROM ONLY ${name} AS t WHERE ${writeFilter(filter)}`;
      await ask(filterField, `The filter of ${name} does not fit the table`, sql);
    }
    for (const [i, { column, mask, field = 'mask' }] of masks.entries()) {
      const value = writeMask(`t.${quoteIdentifier(column)}`, types[i] as string, mask);
      const sql =
        mask.method === 'constant' ? `SELECT ${value}` : `EXPLAIN SELECT ${value} FROM ONLY ${name} AS t`;
      await ask(field, `The mask of the column ${column} of ${name} does not fit it`, sql);
    }
  } catch (error) {
    if (error instanceof ServerError && error.sqlState === notAllowed) return;
    throw error;
  }
}

async function asked(field: string, problem: string, ask: () => Promise<unknown>): Promise<void> {
  try {
    await ask();
  } catch (error) {
    const blames =
      error instanceof ServerError &&
      error.sqlState !== notAllowed &&
      statementClasses.includes(error.sqlState.slice(0, 2));
    if (!blames) throw error;
    throw new AppError('field-invalid', {
      field,
      message: `${problem}: ${error.message}.`,
      hint: 'Compare with the types of the columns; write a cast where they differ, like CAST(code AS integer).',
      context: { sqlState: error.sqlState },
      cause: error,
    });
  }
}
