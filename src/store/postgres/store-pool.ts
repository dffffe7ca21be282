import type { PostgresPool, PostgresPoolClient } from 'kysely';
import pg from 'pg';
import type { Logger } from '../../core/context.ts';
import { endsConnection } from './store-errors.ts';
import type { StoreAddress } from './store-url.ts';

/** Our tables; pg-boss has a schema of its own. */
export const storeSchema = 'pumphouse';

/** How long the store may take to do what it is asked. Milliseconds. */
export interface StorePatience {
  readonly connect: number;
  /** A server that hangs, or a line that is cut, shows after this time. */
  readonly answer: number;
  /** The server's own: for locks, for a statement, and for who has begun a transaction and says nothing (a process that was frozen: what it locks is freed). */
  readonly lock: number;
  readonly statement: number;
  readonly silence: number;
}

export const verbPatience: StorePatience = {
  connect: 10_000,
  answer: 20_000,
  lock: 10_000,
  statement: 15_000,
  silence: 5_000,
};

/** For work on the whole schema: it may take hours, but nobody waits long behind it for a lock. */
export const schemaPatience: StorePatience = {
  connect: 10_000,
  answer: 0,
  lock: 5_000,
  statement: 0,
  silence: 0,
};

/** Connections of one process. */
const connections = 8;

/** Whole numbers are numbers: what the store counts stays below 2^53. */
const int8Oid = 20;

/** What a connection to the store is made with. */
export function clientConfig(address: StoreAddress, patience: StorePatience): pg.ClientConfig {
  return {
    ...address,
    // It is not enumerable.
    ...(address.password === undefined ? {} : { password: address.password }),
    application_name: 'pumphouse',
    connectionTimeoutMillis: patience.connect,
    ...(patience.answer === 0 ? {} : { query_timeout: patience.answer }),
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
    options: Object.entries({
      search_path: storeSchema,
      client_encoding: 'UTF8',
      lock_timeout: patience.lock,
      statement_timeout: patience.statement,
      idle_in_transaction_session_timeout: patience.silence,
      default_transaction_isolation: 'read\\ committed',
      tcp_keepalives_idle: 5,
      tcp_keepalives_interval: 2,
      tcp_keepalives_count: 3,
    })
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
  };
}

/** Connections for Kysely, opened when they are needed. */
export function createStorePool(
  address: StoreAddress,
  log: Logger,
  patience: StorePatience = verbPatience,
  max: number = connections,
): PostgresPool {
  const pool = new pg.Pool({
    ...clientConfig(address, patience),
    max,
    idleTimeoutMillis: 30_000,
    types: {
      getTypeParser: ((oid: number, format?: 'text') =>
        oid === int8Oid ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
    },
  });
  // Without a listener, a connection that ends while nobody uses it would end the process.
  pool.on('error', (error) => log.debug('an idle connection to the store ended', { reason: error.message }));
  pool.on('connect', (client) => client.on('error', () => undefined));
  const known = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  return {
    async connect() {
      const client = await pool.connect();
      const guarded = known.get(client) ?? guard(client);
      known.set(client, guarded);
      return guarded;
    },
    end: () => pool.end(),
    // For cancelling, which nobody does here.
    options: {},
  };
}

/** A connection on which something got lost is not used again, not even to roll back: the server does that when it is closed. */
function guard(client: pg.PoolClient): PostgresPoolClient {
  let broken: unknown;
  const query = async (sql: string, parameters: readonly unknown[]): Promise<unknown> => {
    if (broken !== undefined) {
      if (sql === 'rollback') return { command: 'ROLLBACK', rowCount: 0, rows: [] };
      throw broken;
    }
    try {
      return await client.query(sql, parameters.map(storable));
    } catch (error) {
      if (endsConnection(error)) broken = error;
      throw error;
    }
  };
  return {
    query: query as PostgresPoolClient['query'],
    release: (discard) => client.release(discard === true || broken !== undefined),
  };
}

/** PostgreSQL's texts hold every character but NUL: its picture is kept instead. (In JSON it is written otherwise anyway.) */
const storable = (value: unknown): unknown =>
  typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\u2400') : value;
