import type { TransactionStmt } from 'libpg-query';
import { quantity } from '../../../base/quantity.ts';
import type { ScriptStep } from '../../engine.ts';
import { cutterOf } from '../ddl/statements.ts';
import { readScript, type ScriptStatement, scriptInvalid, titleOf } from './read-script.ts';
import { refuseStatement } from './refuse-statement.ts';

/** A step, and what is in it. */
export interface ReadStep {
  readonly step: ScriptStep;
  /** Null: a statement by itself; else as the script writes it, with its options. */
  readonly begin: string | null;
  /** What the transaction ends with. */
  readonly end: 'COMMIT' | 'ROLLBACK';
  /** Those in the transaction, BEGIN and COMMIT left out. `line` counts in the script that was read. */
  readonly statements: readonly ScriptStatement[];
}

/**
 * A script as steps: each statement is one, and those from BEGIN to COMMIT or ROLLBACK together are one. Throws `script-invalid` with the line.
 * The parser must be loaded.
 */
export function readSteps(script: string): readonly ReadStep[] {
  const steps: ReadStep[] = [];
  let open: Transaction | null = null;
  const take = (statement: ScriptStatement): void => {
    refuseStatement(statement);
    const control = transactionOf(statement);
    const [before, after] = follow(script, open, statement, control);
    open = after;
    if (before !== null) steps.push(before);
  };
  readScript(script, take);
  const left = open as Transaction | null;
  if (left !== null) throw scriptInvalid(left.begin.line, 'the transaction that begins here has no COMMIT');
  return steps;
}

/** A transaction of which the end was not read yet. */
interface Transaction {
  readonly begin: ScriptStatement;
  readonly statements: readonly ScriptStatement[];
}

/** What a statement makes of the transaction before it: a step that is whole, or none; a transaction that goes on, or none. */
function follow(
  script: string,
  open: Transaction | null,
  statement: ScriptStatement,
  control: TransactionStmt | null,
): readonly [ReadStep | null, Transaction | null] {
  const { line, sql } = statement;
  switch (control?.kind) {
    case undefined:
      if (open !== null) return [null, { ...open, statements: [...open.statements, statement] }];
      if (setsTransaction(statement))
        throw scriptInvalid(line, 'SET TRANSACTION stands outside of a transaction');
      return [alone(statement), null];
    case 'TRANS_STMT_BEGIN':
    case 'TRANS_STMT_START':
      if (open !== null) throw scriptInvalid(line, 'a transaction begins within another one');
      return [null, { begin: statement, statements: [] }];
    case 'TRANS_STMT_COMMIT':
    case 'TRANS_STMT_ROLLBACK': {
      const end = control.kind === 'TRANS_STMT_COMMIT' ? 'COMMIT' : 'ROLLBACK';
      if (control.chain === true)
        throw scriptInvalid(line, `${end} AND CHAIN is not understood`, 'Write BEGIN again.');
      if (open === null) throw scriptInvalid(line, `${end} stands outside of a transaction`);
      return [whole(script, open, statement, end), null];
    }
    case 'TRANS_STMT_SAVEPOINT':
    case 'TRANS_STMT_RELEASE':
    case 'TRANS_STMT_ROLLBACK_TO':
      if (open === null) throw scriptInvalid(line, `${titleOf(sql)} stands outside of a transaction`);
      return [null, { ...open, statements: [...open.statements, statement] }];
    default:
      throw scriptInvalid(line, 'two-phase commit is not for scripts');
  }
}

const transactionOf = ({ node }: ScriptStatement): TransactionStmt | null =>
  'TransactionStmt' in node ? node.TransactionStmt : null;

const setsTransaction = ({ node }: ScriptStatement): boolean =>
  'VariableSetStmt' in node && /^TRANSACTION/.test(node.VariableSetStmt.name ?? '');

const alone = (statement: ScriptStatement): ReadStep => ({
  step: { text: statement.sql, line: statement.line, title: titleOf(statement.sql) },
  begin: null,
  end: 'COMMIT',
  statements: [statement],
});

function whole(
  script: string,
  { begin, statements }: Transaction,
  last: ScriptStatement,
  end: ReadStep['end'],
): ReadStep {
  const count = quantity(statements.length, 'statement');
  return {
    step: {
      text: cutterOf(script)(begin.start, last.end).trimEnd(),
      line: begin.line,
      title: `BEGIN … ${end}, ${count}`,
    },
    begin: begin.sql,
    end,
    statements,
  };
}

/** What {@link readSteps} made of a step, from its text alone: a step may come from a store. */
export function readStep(step: ScriptStep): ReadStep {
  const [read, ...others] = readSteps(step.text);
  if (read === undefined || others.length > 0) throw scriptInvalid(step.line, 'the step is not one step');
  const statements = read.statements.map((each) => ({ ...each, line: each.line + step.line - 1 }));
  return { ...read, step, statements };
}
