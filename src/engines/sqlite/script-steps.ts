import { quantity } from '../../base/quantity.ts';
import type { ScriptStep } from '../engine.ts';
import { refuseStatement } from './script-refusal.ts';
import { type ScriptStatement, scriptInvalid, statementsOf, titleOf } from './script-statements.ts';
import { keywordOf } from './script-tokens.ts';

/** A step, and what is in it. */
export interface ReadStep {
  readonly step: ScriptStep;
  /** Whether the script makes a transaction of it. */
  readonly isTransaction: boolean;
  /** The transaction keeps readers out too. */
  readonly isExclusive: boolean;
  readonly end: 'COMMIT' | 'ROLLBACK';
  /** BEGIN and COMMIT left out. `line` counts in the script that was read. */
  readonly statements: readonly ScriptStatement[];
}

interface Transaction {
  readonly begin: ScriptStatement;
  readonly statements: readonly ScriptStatement[];
}

/** A script as steps: each statement is one, and those from BEGIN to COMMIT or ROLLBACK together are one. Throws `script-invalid` with the line. */
export function readSteps(script: string): readonly ReadStep[] {
  const steps: ReadStep[] = [];
  let open = null as Transaction | null;
  for (const statement of statementsOf(script)) {
    refuseStatement(statement);
    const { line } = statement;
    const control = controlOf(statement);
    if (control === 'begin') {
      if (open !== null) throw scriptInvalid(line, 'a transaction begins within another one');
      open = { begin: statement, statements: [] };
    } else if (control === 'COMMIT' || control === 'ROLLBACK') {
      if (open === null) throw scriptInvalid(line, `${control} stands outside of a transaction`);
      steps.push(whole(script, open, statement, control));
      open = null;
    } else if (open !== null) {
      open = { ...open, statements: [...open.statements, statement] };
    } else {
      if (control === 'savepoint') {
        throw scriptInvalid(
          line,
          `${titleOf(statement)} stands outside of a transaction`,
          'Write BEGIN before it.',
        );
      }
      steps.push(alone(statement));
    }
  }
  if (open !== null) throw scriptInvalid(open.begin.line, 'the transaction that begins here has no COMMIT');
  return steps;
}

/** What {@link readSteps} made of a step, from its text alone: a step may come from a store. */
export function readStep(step: ScriptStep): ReadStep {
  const [read, ...others] = readSteps(step.text);
  if (read === undefined || others.length > 0) throw scriptInvalid(step.line, 'the step is not one step');
  const statements = read.statements.map((each) => ({ ...each, line: each.line + step.line - 1 }));
  return { ...read, step, statements };
}

function controlOf({ tokens }: ScriptStatement): 'begin' | 'COMMIT' | 'ROLLBACK' | 'savepoint' | null {
  switch (keywordOf(tokens[0])) {
    case 'BEGIN':
      return 'begin';
    case 'COMMIT':
    case 'END':
      return 'COMMIT';
    case 'ROLLBACK':
      return tokens.some((token) => keywordOf(token) === 'TO') ? 'savepoint' : 'ROLLBACK';
    case 'SAVEPOINT':
    case 'RELEASE':
      return 'savepoint';
    default:
      return null;
  }
}

const alone = (statement: ScriptStatement): ReadStep => ({
  step: { text: statement.sql, line: statement.line, title: titleOf(statement) },
  isTransaction: false,
  isExclusive: false,
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
      text: script.slice(begin.start, last.end),
      line: begin.line,
      title: `BEGIN … ${end}, ${count}`,
    },
    isTransaction: true,
    isExclusive: begin.tokens.some((token) => keywordOf(token) === 'EXCLUSIVE'),
    end,
    statements,
  };
}
