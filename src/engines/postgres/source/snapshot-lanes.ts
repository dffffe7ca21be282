import type { Unit } from '../../engine.ts';
import { isLargeObjects } from '../large-objects.ts';
import type { ConnectionPool } from '../pool.ts';
import type { Connection } from '../wire/connection.ts';
import { endTransaction } from './snapshot-transaction.ts';

/** After so many units it is clear that there are very many tables, and what each costs counts. */
const manyUnits = 100;
/** A unit of less (estimate) is read faster than a transaction begins. */
const smallBytes = 1024 * 1024;
/** Each unit of a transaction holds a lock until its end, and a server has few thousand in all. */
const unitsInTransaction = 64;

/** Begins a transaction that sees the snapshot. */
export type BeginInSnapshot = (connection: Connection, signal: AbortSignal) => Promise<void>;

/**
 * Connections for reading units in a snapshot. Each unit has a transaction of its own, so that no lock lasts; where there are very many small
 * units, several follow each other in one.
 */
export class SnapshotLanes {
  readonly #pool: ConnectionPool;
  readonly #begin: BeginInSnapshot;
  /** Units read so far in the transaction that a connection is in. */
  readonly #inTransaction = new WeakMap<Connection, number>();
  #units = 0;

  constructor(pool: ConnectionPool, begin: BeginInSnapshot) {
    this.#pool = pool;
    this.#begin = begin;
  }

  /** A connection in a transaction that sees the snapshot, for the caller alone until `leave`. */
  async enter(signal: AbortSignal): Promise<Connection> {
    const connection = await this.#pool.acquire(signal);
    try {
      // What waits in the pool in a transaction was left so below.
      if (!connection.isInTransaction) {
        this.#inTransaction.set(connection, 0);
        await this.#begin(connection, signal);
      }
      return connection;
    } catch (error) {
      await this.leave(connection, null);
      throw error;
    }
  }

  /** Lends a connection beside the lanes. */
  aside<T>(signal: AbortSignal, work: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#pool.useAside(signal, work);
  }

  /** @param unit what was read to its end; null: nothing, and the transaction is of no more use */
  async leave(connection: Connection, unit: Unit | null): Promise<void> {
    const count = (this.#inTransaction.get(connection) ?? 0) + 1;
    this.#inTransaction.set(connection, count);
    this.#units += 1;
    const goesOn = unit !== null && isSmall(unit) && this.#units > manyUnits && count < unitsInTransaction;
    if (!goesOn && connection.isInTransaction) await endTransaction(connection).catch(() => undefined);
    await this.#pool.release(connection, goesOn);
  }
}

/** Rules set things in their transaction that are no business of the next unit. */
const isSmall = (unit: Unit): boolean =>
  unit.estimate.bytes < smallBytes && unit.rules === null && !isLargeObjects(unit.table);
