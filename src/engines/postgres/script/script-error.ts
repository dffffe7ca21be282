import { AppError } from '../../../core/errors.ts';
import { classifyPostgresError } from '../classify.ts';
import { ownSchema } from '../own-schema.ts';
import { receiptsMissing } from '../target/receipts.ts';
import { withoutRowValues } from '../target/row-error.ts';
import { ServerError } from '../wire/messages.ts';

/** Sent by a server that was asked for values of parameters, which a script has none of: not about the connection, as its class says. */
const protocolViolation = '08P01';
/** active_sql_transaction: a statement that cannot be in one (VACUUM); invalid_transaction_termination: a procedure that commits. */
const outsideStates: readonly string[] = ['25001', '2D000'];
const uniqueViolation = '23505';
const notNullViolation = '23502';

/**
 * What the server says of a statement, with its line: `script-failed`, unless a retry may cure it. The words that a function of the script raises are kept; values of
 * rows are not.
 */
export function refusedStatement(error: unknown, line: number): unknown {
  if (!(error instanceof ServerError)) return error;
  if (isOver(error)) return receiptsMissing(error);
  const told = classifyPostgresError(withoutRowValues(error), 'run script');
  if (told.temporary && error.sqlState !== protocolViolation) return told;
  return new AppError('script-failed', {
    message: `Line ${line}: ${told.message}`,
    operation: 'run script',
    context: { ...told.context, line },
    cause: error,
  });
}

/** Whether the server refused a statement only because it stood in a transaction; it has done nothing then. */
export const needsNoTransaction = (error: unknown): boolean =>
  error instanceof AppError &&
  error.cause instanceof ServerError &&
  outsideStates.includes(error.cause.sqlState);

/** Whether the receipts of the job are gone, which a later try or its end removed. */
const isOver = ({ sqlState, schema }: ServerError): boolean =>
  sqlState === notNullViolation && schema === ownSchema;

/** Whether another session wrote the receipt, so that this one did its work in vain, and nothing of it is left. */
export const isDoneElsewhere = (error: unknown): boolean =>
  error instanceof ServerError && error.sqlState === uniqueViolation && error.schema === ownSchema;

export const cutOff = (line: number): AppError =>
  new AppError('script-uncertain', {
    message: `Line ${line}: the statement cannot be in a transaction and was cut off: nobody knows whether it took effect.`,
    operation: 'run script',
    context: { line },
  });

export const temporaryLost = (line: number): AppError =>
  new AppError('script-uncertain', {
    message: `Line ${line}: the statement took effect, and the temporary tables that the script had filled before it are gone with their session.`,
    hint: 'Resume the run when the script may fill them again from what the database holds now. Put what belongs together between BEGIN and COMMIT.',
    operation: 'run script',
    context: { line },
  });
