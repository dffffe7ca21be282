import type { OperationContext } from '../../core/context.ts';
import { AppError } from '../../core/errors.ts';
import type { ScriptOutcome, ScriptSession, ScriptStep } from '../engine.ts';
import { checkWritable } from './check-writable.ts';
import type { SqliteTarget } from './database-url.ts';
import { settingsOf, TemporaryNames, tellsRows } from './script-kind.ts';
import { type ScriptStatement, scriptInvalid } from './script-statements.ts';
import { type ReadStep, readStep, readSteps } from './script-steps.ts';
import type { ScriptCalls, StatementToRun, StepDone, StepToRun } from './script-worker.ts';
import { type CalledWorker, startWorker } from './worker-calls.ts';
import { inWriteTurn } from './write-turns.ts';

/** Opens a database file to run scripts on, a new one where none is: one connection with the settings that the script makes. */
export async function openSqliteScripts(
  { path }: SqliteTarget,
  context: OperationContext,
): Promise<ScriptSession> {
  await checkWritable(path);
  const worker: CalledWorker<ScriptCalls> = startWorker(import.meta.url, 'script-worker');
  try {
    await worker.call('open', { path }, { signal: context.signal });
    return new SqliteScripts(path, worker);
  } catch (error) {
    await worker[Symbol.asyncDispose]();
    throw error;
  }
}

class SqliteScripts implements ScriptSession {
  readonly #path: string;
  readonly #worker: CalledWorker<ScriptCalls>;
  readonly #temporary = new TemporaryNames();
  /** Something was put into temporary tables since the last receipt. */
  #temporaryChanged = false;
  #isBegun = false;

  constructor(path: string, worker: CalledWorker<ScriptCalls>) {
    this.#path = path;
    this.#worker = worker;
  }

  async steps(script: string): Promise<readonly ScriptStep[]> {
    const steps = readSteps(script);
    const statements = steps.flatMap((step) => step.statements);
    const fault = await this.#worker.call(
      'findFault',
      statements.map(({ sql }) => sql),
    );
    if (fault !== null) throw scriptInvalid(statements[fault.at]?.line ?? 1, fault.message);
    return steps.map(({ step }) => step);
  }

  async begin(jobId: string, { signal }: OperationContext): Promise<void> {
    await this.#inTurn(signal, () => this.#worker.call('begin', { jobId }, { signal }));
    this.#isBegun = true;
  }

  replays(step: ScriptStep): boolean {
    const kind = this.#temporary.kindOf(readStep(step));
    return kind === 'setting' || kind === 'temporary';
  }

  async run(key: string, step: ScriptStep, { signal }: OperationContext): Promise<ScriptOutcome> {
    if (!this.#isBegun) throw new AppError('internal', { message: 'The script session was not begun.' });
    const read = readStep(step);
    const kind = this.#temporary.kindOf(read);
    const stays = kind === 'lasting' || kind === 'alone';
    const before = stays ? await this.#worker.call('findStep', key, { signal }) : null;
    if (before !== null) return this.#passOver(read, before, signal);
    const how = kind === 'alone' ? 'alone' : stays ? 'transaction' : 'connection';
    const hasTemporary = stays && this.#temporaryChanged && !this.#temporary.isEmpty;
    const wanted = toRun(how, key, read, hasTemporary);
    const run = () => this.#worker.call('run', wanted, { signal });
    const done = stays ? await this.#inTurn(signal, run) : await run();
    if (!done.alreadyApplied) this.#temporary.learn(read);
    if (kind === 'temporary') this.#temporaryChanged = true;
    else if (stays) this.#temporaryChanged = false;
    return { alreadyApplied: done.alreadyApplied, rows: rowsOf(read, done) };
  }

  forget(jobId: string, { signal }: OperationContext): Promise<void> {
    return this.#inTurn(signal, () => this.#worker.call('forget', { jobId }, { signal }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker[Symbol.asyncDispose]();
  }

  /** A step that took effect over a connection before this one: only what it had set is set again. */
  async #passOver(read: ReadStep, before: StepDone, signal: AbortSignal): Promise<ScriptOutcome> {
    if (before.hadTemporary && !this.#temporary.isEmpty) {
      // It is told once: who goes on then knows it.
      await this.#inTurn(signal, () => this.#worker.call('forgetTemporary', undefined, { signal }));
      throw temporaryLost(read.step.line);
    }
    const settings = { ...read, isTransaction: false, statements: settingsOf(read) };
    if (settings.statements.length > 0) {
      await this.#worker.call('run', toRun('connection', '', settings, false), { signal });
    }
    return { alreadyApplied: true, rows: rowsOf(read, before) };
  }

  #inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return inWriteTurn(this.#path, signal, work);
  }
}

const toRun = (how: StepToRun['how'], key: string, read: ReadStep, hasTemporary: boolean): StepToRun => ({
  how,
  key,
  statements: read.statements.map(statementToRun),
  isTransaction: read.isTransaction,
  isExclusive: read.isExclusive,
  end: read.end,
  hasTemporary,
});

const statementToRun = (statement: ScriptStatement): StatementToRun => ({
  sql: statement.sql,
  line: statement.line,
  tellsRows: tellsRows(statement),
});

const rowsOf = ({ statements, end }: ReadStep, { rows }: StepDone): number | null =>
  end === 'COMMIT' && statements.some(tellsRows) ? rows : null;

const temporaryLost = (line: number): AppError =>
  new AppError('script-uncertain', {
    message: `Line ${line}: the statement took effect, and the temporary tables that the script had filled before it are gone with their connection.`,
    hint: 'Resume the run when the script may fill them again from what the database holds now. Put what belongs together between BEGIN and COMMIT.',
    operation: 'run script',
    context: { line },
  });
