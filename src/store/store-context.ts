import type { Kysely, Transaction } from 'kysely';
import type { Clock } from '../base/clock.ts';
import { AppError } from '../core/errors.ts';
import type { DocumentCache } from './documents.ts';
import type { StoreSchema } from './schema.ts';

export type Trx = Transaction<StoreSchema>;

/** What every verb of the store needs. */
export interface StoreContext {
  readonly db: Kysely<StoreSchema>;
  readonly clock: Clock;
  readonly documents: DocumentCache;
  /** The AppError for an error of the database's client. */
  classify(error: unknown, operation: string): AppError;
}

/** Runs one verb as one transaction; only AppErrors leave it. */
export async function inTransaction<T>(
  store: StoreContext,
  verb: string,
  work: (trx: Trx) => Promise<T>,
): Promise<T> {
  try {
    return await store.db.transaction().execute(work);
  } catch (error) {
    throw error instanceof AppError ? error : store.classify(error, verb);
  }
}

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
