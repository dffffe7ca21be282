import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { Clock } from '../base/clock.ts';
import { AppError } from '../core/errors.ts';
import type { TicketQueue } from '../jobs/tickets.ts';
import type { DocumentCache } from './documents.ts';
import type { StoreSchema } from './schema.ts';

export type Trx = Transaction<StoreSchema>;

/** Where single statements run: a transaction, or each for itself. */
export type Db = Kysely<StoreSchema>;

/** What every verb of the store needs. */
export interface StoreContext {
  readonly db: Db;
  readonly clock: Clock;
  readonly documents: DocumentCache;
  /** The AppError for an error of the database's client. */
  classify(error: unknown, operation: string): AppError;
  /** Whether the error only says that another transaction was faster: the same verb, once more, sees what that one did. */
  isRaced(error: unknown): boolean;
  /** Null: this process has the store for itself. */
  readonly sharing: Sharing | null;
}

/** How the processes that share a store share its work. */
export interface Sharing {
  /** Id of this one. */
  readonly instance: string;
  /** Null: of a process that neither starts jobs nor runs them. */
  readonly tickets: TicketQueue<Trx> | null;
}

/** How often a verb that lost a race is tried. */
const patience = 8;

/** Runs one verb as one transaction, again when it lost a race; only AppErrors leave it. */
export async function inTransaction<T>(
  store: StoreContext,
  verb: string,
  work: (trx: Trx) => Promise<T>,
): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await store.db.transaction().execute(work);
    } catch (error) {
      if (error instanceof AppError) throw error;
      if (tried >= patience || !store.isRaced(error)) throw store.classify(error, verb);
      // Else those who were in each other's way meet again.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10 * tried));
    }
  }
}

/** Runs a verb that only reads: each statement sees what is committed when it begins. Only AppErrors leave it. */
export async function reading<T>(
  store: StoreContext,
  verb: string,
  work: (db: Db) => Promise<T>,
): Promise<T> {
  try {
    return await work(store.db);
  } catch (error) {
    throw error instanceof AppError ? error : store.classify(error, verb);
  }
}

/** Whether the database has other connections that write: where it has none, a transaction needs no locks. */
export const othersWrite = (db: Db): boolean => db.getExecutor().adapter.supportsMultipleConnections ?? true;

/**
 * A column of texts that decides nothing about the way to the rows: SQLite, which keeps no figures of what is in a table, takes whatever index fits, and sorts.
 */
export const withoutIndex = (column: string): RawBuilder<string> =>
  sql<string>`coalesce(${sql.ref(column)}, '')`;

/** Takes the next number of a sequence; its row stays locked until the end, so that numbers are committed in order. */
export async function nextNumber(
  trx: Trx,
  counter: 'job' | 'database' | 'audit' | 'event' | 'backup' | 'item',
): Promise<number> {
  const row = await trx
    .updateTable('counter')
    .set((eb) => ({ value: eb('value', '+', 1) }))
    .where('name', '=', counter)
    .returning('value')
    .executeTakeFirstOrThrow();
  return row.value;
}

/** Counts and sizes as the bigint columns take them. */
export const whole = (value: number): number => Math.max(0, Math.round(value));

/** JSON text of a value; what JSON cannot say (undefined) is null. */
export const toJson = (value: unknown): string => JSON.stringify(value) ?? 'null';
