import { abortError } from '../../../core/abort-error.ts';
import type { OperationContext } from '../../../core/context.ts';
import { AppError } from '../../../core/errors.ts';
import type {
  AccountPlan,
  AccountRequest,
  AccountSession,
  AccountStanding,
  Accounts,
} from '../../accounts.ts';
import type { EngineTarget } from '../../engine.ts';
import { classifyPostgresError } from '../classify.ts';
import type { Connector } from '../connector.ts';
import { sessionFacts } from '../database-id.ts';
import type { PostgresTarget } from '../database-url.ts';
import type { Connection } from '../wire/connection.ts';
import { ServerError } from '../wire/messages.ts';
import { readAccountFacts } from './account-facts.ts';
import { carryOut } from './carry-out.ts';
import { planInstall } from './plan-install.ts';
import { planRemoval } from './plan-removal.ts';
import type { Planned } from './planned.ts';
import { markOf } from './role-mark.ts';
import { scramVerifier } from './scram-verifier.ts';

/** Of the advisory lock that is held while a session of an administrator is open: "acct" in ASCII. */
const lockNumber = 0x61636374;
const longestName = 63;

/** invalid_authorization_specification and its like; a database that the role may not enter. */
const refusedStates: readonly string[] = ['28', '42501'];

/** Roles for jobs. */
export function createAccounts(connect: (target: PostgresTarget) => Connector): Accounts {
  return {
    version: 1,
    targetOf: (target, { user, password }) => ({ ...target, user: user ?? target.user, password }),
    loginOf(target) {
      const { user, password } = target as unknown as PostgresTarget;
      return { user, password };
    },
    async open(administrator, context) {
      const connector = connect(administrator as unknown as PostgresTarget);
      let connection: Connection | null = null;
      try {
        connection = await connector.open(context.signal);
        // Functions and tables of others must not be taken for the server's: the administrator may be a superuser.
        await connection.query(
          `SET search_path = ''; SET statement_timeout = 0; SET lock_timeout = '15s'`,
          context.signal,
        );
        await connection.query(`SELECT pg_catalog.pg_advisory_lock(${lockNumber})`, context.signal);
        const { serverVersion, databaseId } = await sessionFacts(connection, context.signal);
        return new PostgresAccounts(
          connect,
          connector.target,
          connection,
          serverVersion,
          databaseId,
          context,
        );
      } catch (error) {
        await connection?.[Symbol.asyncDispose]();
        throw failure(error, context.signal);
      }
    },
  };
}

class PostgresAccounts implements AccountSession {
  readonly serverVersion: string;
  readonly #connect: (target: PostgresTarget) => Connector;
  readonly #administrator: PostgresTarget;
  readonly #connection: Connection;
  readonly #databaseId: string;
  readonly #signal: AbortSignal;

  constructor(
    connect: (target: PostgresTarget) => Connector,
    administrator: PostgresTarget,
    connection: Connection,
    serverVersion: string,
    databaseId: string,
    { signal }: OperationContext,
  ) {
    this.#connect = connect;
    this.#administrator = administrator;
    this.#connection = connection;
    this.serverVersion = serverVersion;
    this.#databaseId = databaseId;
    this.#signal = signal;
  }

  async check(target: EngineTarget): Promise<'works' | 'refused' | 'elsewhere'> {
    const asked = target as unknown as PostgresTarget;
    try {
      await using connection = await this.#connect(asked).open(this.#signal);
      const { databaseId } = await sessionFacts(connection, this.#signal);
      return databaseId === this.#databaseId ? 'works' : 'elsewhere';
    } catch (error) {
      const isRefused =
        (error instanceof ServerError && refusedStates.some((state) => error.sqlState.startsWith(state))) ||
        (error instanceof AppError && error.code === 'database-refused');
      if (!isRefused) throw failure(error, this.#signal);
      const { host, port, database } = this.#administrator;
      return asked.host === host && asked.port === port && asked.database === database
        ? 'refused'
        : 'elsewhere';
    }
  }

  standing(user: string, label: string): Promise<AccountStanding> {
    return this.#guarded(async () => {
      const [row] = await this.#connection.queryWith(
        `SELECT pg_catalog.shobj_description(oid, 'pg_authid') FROM pg_catalog.pg_roles WHERE rolname = $1`,
        [user],
        this.#signal,
      );
      if (row === undefined) return 'none';
      return row[0] === markOf(label) ? 'ours' : 'foreign';
    });
  }

  planInstall(request: AccountRequest): Promise<AccountPlan> {
    return this.#guarded(async () => {
      checkName(request.user, 'user');
      for (const schema of request.schemas ?? []) checkName(schema, 'schemas');
      const { password } = request;
      const facts = await readAccountFacts(this.#connection, request.user, request.owners, this.#signal);
      // Made now: a password that cannot be is refused before anything is done.
      const verifier = password === null ? null : await scramVerifier(password);
      return this.#plan(planInstall(facts, request, verifier));
    });
  }

  planRemoval(user: string): Promise<AccountPlan> {
    return this.#guarded(async () => this.#plan(await planRemoval(this.#connection, user, this.#signal)));
  }

  /** The connection takes the lock along. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }

  #plan({ steps, notes }: Planned): AccountPlan {
    return {
      steps: steps.map(({ title, statement }) => ({ title, statement })),
      notes,
      carryOut: () => this.#guarded(() => carryOut(this.#connection, steps, this.#signal)),
    };
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw failure(error, this.#signal);
    }
  }
}

const failure = (error: unknown, signal: AbortSignal): AppError =>
  classifyPostgresError(signal.aborted ? abortError(signal) : error, 'administer the database');

function checkName(name: string, field: string): void {
  const isTooLong = Buffer.byteLength(name) > longestName;
  if (!isTooLong && !/^(?:pg_|public$|none$)/.test(field === 'user' ? name : '') && !/^pg_/.test(name))
    return;
  throw new AppError('field-invalid', {
    field,
    message: isTooLong
      ? `The name ${JSON.stringify(name.slice(0, 80))} has more than ${longestName} bytes.`
      : `The name ${JSON.stringify(name)} is reserved by PostgreSQL.`,
    hint: 'Choose another name.',
  });
}
