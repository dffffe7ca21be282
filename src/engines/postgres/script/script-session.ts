import { abortError } from '../../../core/abort-error.ts';
import type { OperationContext } from '../../../core/context.ts';
import { AppError } from '../../../core/errors.ts';
import type { ScriptOutcome, ScriptSession, ScriptStep } from '../../engine.ts';
import { classifyPostgresError } from '../classify.ts';
import type { Connector } from '../connector.ts';
import { defaultName } from '../database-url.ts';
import { loadSqlParser } from '../ddl/statements.ts';
import { quoteLiteral } from '../names.ts';
import { ConnectionPool } from '../pool.ts';
import { endAllOf, endEarlier, endStalled, type Label, sessionName, workOf } from '../session-label.ts';
import { watchBlockers } from '../target/blocker-watch.ts';
import { beginningKey, beginReceipts, forgetReceipts, removeReceipts } from '../target/receipts.ts';
import type { Connection } from '../wire/connection.ts';
import {
  cutOff,
  isDoneElsewhere,
  needsNoTransaction,
  refusedStatement,
  temporaryLost,
} from './script-error.ts';
import {
  begunKey,
  forgetTemporary,
  readReceipts,
  receiptStatement,
  type StepReceipt,
} from './script-receipts.ts';
import { type ReadStep, readStep, readSteps } from './script-step.ts';
import { settingsOf, TemporaryNames } from './step-kind.ts';
import { inStepTransaction, noteReceipt, type ReceiptOf } from './step-transaction.ts';

/** For a session of its own: a client that is gone is noticed while a statement runs, so that it does not go on for nobody with its locks. */
const sessionSettings = (serverVersionNum: number): string =>
  [
    'SET tcp_keepalives_idle = 60; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 6',
    ...(serverVersionNum >= 140_000 ? [`SET client_connection_check_interval = '1s'`] : []),
  ].join('; ');

/** The job that works, and its receipts. */
interface Begun {
  readonly jobId: string;
  readonly receipts: Map<string, StepReceipt>;
}

/** Opens a database to run scripts on: one session with the settings that the user has, and that the script makes. */
export async function openPostgresScripts(
  connector: Connector,
  lockPatienceMs: number,
  context: OperationContext,
): Promise<ScriptSession> {
  const pool = new ConnectionPool(connector.open, 1);
  try {
    await loadSqlParser();
    const connection = await pool.acquire(context.signal);
    await connection.query(sessionSettings(connection.raw.serverVersionNum), context.signal);
    return new PostgresScripts(connector, pool, connection, lockPatienceMs);
  } catch (error) {
    await pool[Symbol.asyncDispose]();
    throw failure(error, 'open database', context.signal);
  }
}

class PostgresScripts implements ScriptSession {
  readonly #connector: Connector;
  readonly #pool: ConnectionPool;
  readonly #connection: Connection;
  readonly #lockPatienceMs: number;
  readonly #temporary = new TemporaryNames();
  /** Something was put into temporary tables since the last receipt. */
  #temporaryChanged = false;
  #begun: Begun | null = null;
  #isNamed = false;

  constructor(connector: Connector, pool: ConnectionPool, connection: Connection, lockPatienceMs: number) {
    this.#connector = connector;
    this.#pool = pool;
    this.#connection = connection;
    this.#lockPatienceMs = lockPatienceMs;
  }

  async steps(script: string): Promise<readonly ScriptStep[]> {
    return readSteps(script).map(({ step }) => step);
  }

  begin(jobId: string, context: OperationContext): Promise<void> {
    return this.#load(jobId, context);
  }

  #load(jobId: string, context: OperationContext): Promise<void> {
    const { signal } = context;
    const work = workOf(jobId, context);
    return this.#aside('make receipts', signal, async (connection) => {
      await endStalled(connection, { work, key: beginningKey }, context);
      await beginReceipts(connection, work, signal);
      this.#begun = { jobId, receipts: await readReceipts(connection, jobId, signal) };
    });
  }

  replays(step: ScriptStep): boolean {
    return this.#temporary.kindOf(readStep(step)) !== 'lasting';
  }

  async run(key: string, step: ScriptStep, context: OperationContext): Promise<ScriptOutcome> {
    const { signal } = context;
    try {
      await this.#takeOver(key, context);
      const read = readStep(step);
      const kind = this.#temporary.kindOf(read);
      const { receipts } = this.#job();
      const receipt = kind === 'lasting' ? receipts.get(key) : undefined;
      if (receipt !== undefined) return await this.#passOver(read, receipt, signal);
      const rows =
        kind === 'lasting' ? await this.#apply(key, read, signal) : await this.#shape(read, signal);
      this.#temporary.learn(read);
      if (kind === 'temporary') this.#temporaryChanged = true;
      return { alreadyApplied: false, rows };
    } catch (error) {
      if (!isDoneElsewhere(error)) throw failure(error, 'run script', signal);
    }
    // Another session has done the step in the meantime, and what this one did was undone.
    await this.#load(this.#job().jobId, context);
    return { alreadyApplied: true, rows: this.#job().receipts.get(key)?.rows ?? null };
  }

  forget(jobId: string, context: OperationContext): Promise<void> {
    const { signal } = context;
    return this.#aside('remove receipts', signal, async (connection) => {
      await endAllOf(connection, workOf(jobId, context), context);
      await forgetReceipts(connection, jobId, signal);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.release(this.#connection);
    await this.#pool[Symbol.asyncDispose]();
  }

  /**
   * Before the first step: ends the session in which somebody else runs this script who lost it, and lets this one be found in the same way. A user
   * who has named his sessions himself may depend on it.
   */
  async #takeOver(key: string, context: OperationContext): Promise<void> {
    if (this.#isNamed) return;
    const { signal } = context;
    const script = key.slice(0, key.lastIndexOf('/'));
    const label: Label = { work: workOf(this.#job().jobId, context), key: script };
    if (this.#connector.target.applicationName === defaultName) {
      await this.#aside('take the script over', signal, (connection) =>
        endEarlier(connection, label, context),
      );
      const name = quoteLiteral(sessionName(this.#connection, label));
      await this.#connection.query(`SET application_name = ${name}`, signal);
    }
    this.#isNamed = true;
  }

  /** A step that took effect in a session before this one: only what it had set is set again. */
  async #passOver(read: ReadStep, receipt: StepReceipt, signal: AbortSignal): Promise<ScriptOutcome> {
    const { jobId, receipts } = this.#job();
    if (receipt.hadTemporary && !this.#temporary.isEmpty) {
      // It is told once: who goes on then knows it.
      await this.#aside('remove receipts', signal, (connection) =>
        forgetTemporary(connection, jobId, signal),
      );
      for (const [key, { rows }] of receipts) receipts.set(key, { rows, hadTemporary: false });
      throw temporaryLost(read.step.line);
    }
    for (const { sql, line } of settingsOf(read)) {
      await this.#connection.count(sql, signal).catch((error: unknown) => {
        throw refusedStatement(error, line);
      });
    }
    return { alreadyApplied: true, rows: receipt.rows };
  }

  /** A step of which nothing stays but in the session. */
  #shape(read: ReadStep, signal: AbortSignal): Promise<number | null> {
    const [only] = read.statements;
    if (read.begin !== null || only === undefined) {
      return this.#watched(signal, () => inStepTransaction(this.#connection, read, null, signal));
    }
    return this.#watched(signal, () => this.#connection.count(only.sql, signal)).catch((error: unknown) => {
      throw refusedStatement(error, only.line);
    });
  }

  async #apply(key: string, read: ReadStep, signal: AbortSignal): Promise<number | null> {
    const { jobId, receipts } = this.#job();
    if (receipts.has(begunKey(key))) {
      await this.#forgetBegun(key, signal);
      throw cutOff(read.step.line);
    }
    const hadTemporary = this.#temporaryChanged && !this.#temporary.isEmpty;
    const receiptOf = (rows: number | null): string => receiptStatement(jobId, key, { rows, hadTemporary });
    const rows = await this.#watched(signal, () =>
      inStepTransaction(this.#connection, read, receiptOf, signal),
    ).catch((error: unknown) => {
      if (read.begin !== null || !needsNoTransaction(error)) throw error;
      return this.#applyAlone(key, read, receiptOf, signal);
    });
    receipts.set(key, { rows, hadTemporary });
    this.#temporaryChanged = false;
    return rows;
  }

  /** A statement that cannot be in a transaction, between two receipts. It may wait for others for hours, as it is meant to. */
  async #applyAlone(
    key: string,
    { statements, step }: ReadStep,
    receiptOf: ReceiptOf,
    signal: AbortSignal,
  ): Promise<number | null> {
    const { jobId, receipts } = this.#job();
    const begun = { rows: null, hadTemporary: false };
    await noteReceipt(this.#connection, receiptStatement(jobId, begunKey(key), begun), signal);
    receipts.set(begunKey(key), begun);
    let rows: number | null;
    try {
      rows = await this.#connection.count(statements[0]?.sql ?? '', signal);
    } catch (error) {
      // With an answer it is known that it failed; without one nothing is.
      if (this.#connection.isIdle) await this.#forgetBegun(key, signal);
      throw refusedStatement(error, step.line);
    }
    await noteReceipt(this.#connection, receiptOf(rows), signal);
    await this.#forgetBegun(key, signal);
    return rows;
  }

  async #forgetBegun(key: string, signal: AbortSignal): Promise<void> {
    const { jobId, receipts } = this.#job();
    await this.#aside('remove receipts', signal, (connection) =>
      removeReceipts(connection, jobId, [begunKey(key)], signal),
    );
    receipts.delete(begunKey(key));
  }

  /** Does `work`; who keeps it waiting for a lock is named in the error that ends the waiting. */
  #watched<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return watchBlockers(this.#pool, this.#connection, this.#lockPatienceMs, signal, work);
  }

  /** Over another connection: the script may have set its own to anything. */
  async #aside<T>(
    operation: string,
    signal: AbortSignal,
    work: (connection: Connection) => Promise<T>,
  ): Promise<T> {
    try {
      await using connection = await this.#connector.open(signal);
      return await work(connection);
    } catch (error) {
      throw failure(error, operation, signal);
    }
  }

  #job(): Begun {
    if (this.#begun === null)
      throw new AppError('internal', { message: 'The script session was not begun.' });
    return this.#begun;
  }
}

const failure = (error: unknown, operation: string, signal: AbortSignal): AppError =>
  classifyPostgresError(signal.aborted ? abortError(signal) : error, operation);
