import { ServerError } from '../wire/messages.ts';

/** Classes of SQLSTATE whose errors quote values: data_exception. */
const valueClass = '22';
/** integrity_constraint_violation: the message names table and constraint, the detail holds the row. */
const constraintClass = '23';
/** plpgsql_error: words of a function's own. */
const raisedClass = 'P0';

/**
 * What the server says of rows that it does not take, without their values: those may be personal, and errors are logged and shown to
 * whoever may see the job. The server's own log has them.
 */
export function withoutRowValues(error: ServerError): ServerError {
  const { sqlState } = error;
  if (!sqlState.startsWith(valueClass) && !sqlState.startsWith(constraintClass)) return error;
  const message = sqlState.startsWith(valueClass) ? error.message.replace(/".*"/s, '…') : error.message;
  return reworded(error, message);
}

/** The same of rows that are being written, whose triggers may say anything. */
export function withoutWrittenValues(error: ServerError): ServerError {
  return error.sqlState.startsWith(raisedClass)
    ? reworded(error, 'A trigger or a function of the table raised an error')
    : withoutRowValues(error);
}

function reworded(error: ServerError, message: string): ServerError {
  const { sqlState, severity, schema, table, constraint } = error;
  const leftOut = message !== error.message || error.detail !== null;
  const fields: readonly (readonly [string, string | null])[] = [
    ['M', leftOut ? `${message} (the log of the database server says more)` : message],
    ['C', sqlState],
    ['V', severity],
    ['s', schema],
    ['t', table],
    ['n', constraint],
  ];
  return new ServerError(
    new Map(fields.filter((field): field is readonly [string, string] => field[1] !== null)),
  );
}
