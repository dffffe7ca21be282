import { abortError } from '../../../core/abort-error.ts';
import type { OperationContext } from '../../../core/context.ts';
import { AppError } from '../../../core/errors.ts';
import type { Encoding } from '../../../core/request.ts';
import type { Snapshot, TableToRead, Unit, UnitReader, UnitSummary } from '../../engine.ts';
import { classifyRedisError } from '../classify.ts';
import type { RedisTarget } from '../database-url.ts';
import { databaseOf } from '../logical-database.ts';
import { catalogueOf, databasesOf } from './catalogue.ts';
import { checkKeyRules } from './compile-rules.ts';
import { readFunctions } from './functions.ts';
import { planScan, planSync } from './plan.ts';
import type { Places, ReadingPlace } from './reading-places.ts';
import { readScanUnit } from './scan-unit.ts';
import type { SharedLimits } from './shared-limits.ts';
import { SyncUnits } from './sync-unit.ts';
import type { UnitRange } from './unit-range.ts';

/** Every process can read key by key: there is nothing to hold. */
export const scanToken = 'scan';

export interface SnapshotFacts {
  readonly target: RedisTarget;
  readonly places: Places;
  readonly limits: SharedLimits;
  /** The servers give snapshots over the replication protocol. */
  readonly allowsSync: boolean;
  /** Shards whose keys several SCANs can share. */
  readonly divisible: ReadonlySet<string>;
  /** `scan` from the beginning for who joins; otherwise the plan decides. */
  readonly way: 'scan' | null;
}

/** How a database is read: whole over the replication protocol, where that can be; in parts key by key. */
export class RedisSnapshot implements Snapshot {
  readonly lanes: number;
  readonly lost: AbortSignal;
  readonly #facts: SnapshotFacts;
  readonly #syncUnits: SyncUnits;
  #way: 'sync' | 'scan' | null;

  constructor(facts: SnapshotFacts, lanes: number) {
    this.#facts = facts;
    this.#way = facts.way;
    this.#syncUnits = new SyncUnits(facts.target, facts.places, facts.limits);
    this.lanes = lanes;
    // Nothing is held that could be lost before somebody reads: then the reading itself says so.
    this.lost = new AbortController().signal;
  }

  get token(): string | null {
    return this.#way === 'scan' ? scanToken : null;
  }

  get consistency(): NonNullable<Snapshot['consistency']> {
    const servers = this.#facts.places.places.length;
    if (this.#way === 'scan') {
      return {
        kind: 'none',
        note: 'The keys were read one after the other while the server went on: what was written meanwhile may be in it or not.',
      };
    }
    if (servers === 1) return { kind: 'snapshot', note: 'All keys are as they were at one instant.' };
    return {
      kind: 'none',
      note: `The keys of each of the ${servers} shards are as they were at one instant, and the instants of the shards differ.`,
    };
  }

  async inspect(): Promise<ReturnType<typeof catalogueOf>> {
    return catalogueOf(this.#facts.places.places, this.#facts.target.database);
  }

  async ddl(
    _scope: unknown,
    { signal, log }: OperationContext,
  ): Promise<Awaited<ReturnType<Snapshot['ddl']>>> {
    // The snapshot of a server holds them.
    if (this.#way === 'sync') return [];
    const { target, places } = this.#facts;
    const onRefusal = (reason: string): void =>
      log.warn(`The functions of the database are left out: the server does not show them (${reason}).`);
    try {
      return await readFunctions(target, places.places[0] as ReadingPlace, onRefusal, signal);
    } catch (error) {
      throw signal.aborted ? abortError(signal) : classifyRedisError(error, 'read the functions');
    }
  }

  plan(tables: readonly TableToRead[], unitBytes: number): readonly Unit[] {
    for (const table of tables) checkKeyRules(table);
    const { target, places, allowsSync, divisible, way } = this.#facts;
    const isWhole = this.#isWhole(tables);
    if (target.snapshot === 'sync' && !isWhole) {
      throw new AppError('unsupported', {
        message: 'Over the replication protocol a database can only be exported as a whole.',
        hint: 'Take snapshot=sync out of the database URL, or the selection and filters out of the request.',
        operation: 'plan the export',
      });
    }
    this.#way = way ?? (isWhole && allowsSync && target.snapshot !== 'scan' ? 'sync' : 'scan');
    return this.#way === 'sync' ? planSync(places, tables) : planScan(places, tables, unitBytes, divisible);
  }

  async checkRules(tables: readonly TableToRead[]): Promise<void> {
    for (const table of tables) checkKeyRules(table);
  }

  read(unit: Unit, encoding: Encoding, context: OperationContext): UnitReader {
    const summary = Promise.withResolvers<UnitSummary>();
    // Whoever only iterates gets the error there.
    summary.promise.catch(() => undefined);
    return { variant: null, bytes: this.#bytes(unit, encoding, context, summary), summary: summary.promise };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#syncUnits[Symbol.dispose]();
  }

  async *#bytes(
    unit: Unit,
    encoding: Encoding,
    context: OperationContext,
    summary: PromiseWithResolvers<UnitSummary>,
  ): AsyncGenerator<Uint8Array, void> {
    try {
      if (encoding !== 'rdb') {
        throw new AppError('unsupported', { message: `Redis has no encoding ${encoding}; it has rdb.` });
      }
      const { target, places } = this.#facts;
      const isSync = (unit.range as UnitRange).way === 'sync';
      const blocks = isSync
        ? this.#syncUnits.read(unit, context)
        : readScanUnit(target, places, unit, context);
      summary.resolve(yield* blocks);
    } catch (error) {
      const { signal } = context;
      const reason = signal.aborted ? abortError(signal) : classifyRedisError(error, 'read the database');
      summary.reject(reason);
      throw reason;
    } finally {
      summary.reject(new AppError('aborted', { message: 'The unit was not read to its end.' }));
    }
  }

  /** Every key of every server, as it is. */
  #isWhole(tables: readonly TableToRead[]): boolean {
    const chosen = new Set(tables.map(({ schema }) => databaseOf(schema)));
    const { places } = this.#facts.places;
    return (
      tables.every(({ rules }) => rules === null) && databasesOf(places).every((each) => chosen.has(each))
    );
  }
}
