import type { ApplyFailure } from '../../engine.ts';
import type { RdbEntry } from '../rdb/read-rdb.ts';
import { hasFieldExpiry } from '../rdb/value-types.ts';
import { shownKey } from '../shown-key.ts';
import { RunningSum } from './key-sum.ts';
import type { UnitReceipt } from './receipts.ts';
import type { UnitOrder } from './unit-order.ts';

/** Failures that a receipt names; the rest is counted. */
const namedFailures = 20;

/** What became of the entries of a unit so far. */
export class Tally {
  /** Entries looked at, those of an earlier attempt among them. */
  rows = 0;
  expired: number;
  skipped: number;
  failed: number;
  mayRepeat: boolean;
  readonly lasting: RunningSum;
  readonly expiring: RunningSum;
  /** Sentences about what values have lost, and of how many this attempt knows. */
  readonly losses = new Map<string, number>();
  readonly #failures: ApplyFailure[];

  /** @param earlier where an attempt that was cut short had come to */
  constructor(earlier: UnitReceipt | null) {
    this.expired = earlier?.expired ?? 0;
    this.skipped = earlier?.skipped ?? 0;
    this.failed = earlier?.failed ?? 0;
    this.mayRepeat = earlier?.mayRepeat ?? false;
    this.lasting = new RunningSum(earlier?.lasting);
    this.expiring = new RunningSum(earlier?.expiring);
    this.#failures = [...(earlier?.failures ?? [])];
  }

  /** @param expireAt as in an entry */
  sumOf(expireAt: number): RunningSum {
    return expireAt < 0 ? this.lasting : this.expiring;
  }

  keyFailed(database: number, key: Uint8Array, message: string): void {
    this.failed += 1;
    this.#noteKey(database, key, message);
  }

  #noteKey(database: number, key: Uint8Array, message: string): void {
    this.note({ object: { type: 'KEY', schema: `db${database}`, name: shownKey(key) }, message });
  }

  /** A value lost something when it was written by commands; where that is of the user's, it is a failure, too. */
  lost({ database, format }: UnitOrder, { key, type }: RdbEntry, what: string): void {
    this.losses.set(what, (this.losses.get(what) ?? 0) + 1);
    if (hasFieldExpiry(type, format.family)) this.#noteKey(database, key, what);
  }

  /** The same object fails in each attempt anew. */
  note(failure: ApplyFailure): void {
    const { type, name } = failure.object;
    if (this.#failures.some(({ object }) => object.type === type && object.name === name)) return;
    if (this.#failures.length < namedFailures) this.#failures.push(failure);
  }

  receipt(place: Pick<UnitReceipt, 'isDone' | 'database' | 'isAlone'>): UnitReceipt {
    return {
      ...place,
      rows: this.rows,
      expired: this.expired,
      skipped: this.skipped,
      failed: this.failed,
      mayRepeat: this.mayRepeat,
      lasting: this.lasting.sum(),
      expiring: this.expiring.sum(),
      failures: this.#failures,
    };
  }
}
