import { AppError } from '../../../core/errors.ts';
import { classifyPostgresError } from '../classify.ts';
import type { Connection } from '../wire/connection.ts';
import { ServerError } from '../wire/messages.ts';
import type { PlannedStep } from './planned.ts';

const savepoint = 'pumphouse_step';

/**
 * Runs all steps in one transaction, so that a user is made as a whole or not at all. What the server refuses of the optional ones is left
 * out, and told by a sentence each.
 */
export async function carryOut(
  connection: Connection,
  steps: readonly PlannedStep[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const notes: string[] = [];
  if (steps.length === 0) return notes;
  await connection.query(`BEGIN; SET LOCAL lock_timeout = '15s'; SET LOCAL statement_timeout = 0`, signal);
  try {
    for (const step of steps) {
      const { statement: shown, secret: statement = shown } = step;
      if (!step.isOptional) {
        await required(connection, step, statement, signal);
        continue;
      }
      await connection.query(`SAVEPOINT ${savepoint}`, signal);
      try {
        await connection.query(statement, signal);
      } catch (error) {
        if (!(error instanceof ServerError) || !connection.isIdle) throw error;
        notes.push(`The server refused ${step.title}: ${error.message}.`);
        await connection.query(`ROLLBACK TO SAVEPOINT ${savepoint}`, signal);
      }
      await connection.query(`RELEASE SAVEPOINT ${savepoint}`, signal);
    }
    await connection.query('COMMIT', signal);
    return notes;
  } catch (error) {
    if (connection.isIdle)
      await connection.query('ROLLBACK', new AbortController().signal).catch(() => undefined);
    throw error;
  }
}

async function required(
  connection: Connection,
  { title }: PlannedStep,
  statement: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await connection.query(statement, signal);
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    const { code, message, hint } = classifyPostgresError(error, 'make the user of jobs');
    throw new AppError(code, {
      message: `Not done: ${title}. ${message}`,
      hint: code === 'database-privilege' ? administratorHint : hint,
      operation: 'make the user of jobs',
      context: { sqlState: error.sqlState },
      // The server's error without the statement: that holds what the server keeps of the password.
    });
  }
}

const administratorHint =
  'Log in as a superuser, or as a role that has CREATEROLE and owns the database; nothing was changed.';
