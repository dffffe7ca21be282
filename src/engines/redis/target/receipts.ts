import { AppError } from '../../../core/errors.ts';
import type { ApplyFailure } from '../../engine.ts';
import { replyItems, replyText } from '../client/reply.ts';
import type { Masters } from './masters.ts';
import { callKey } from './routed-call.ts';

/** How the names of all keys begin that imports make for themselves; they are never taken for keys of a user. */
export const ownPrefix = '__pumphouse:';
const ownPrefixBytes = Buffer.from(ownPrefix);

export function isOwnKey(key: Uint8Array): boolean {
  if (key.length < ownPrefixBytes.length || key[0] !== ownPrefixBytes[0]) return false;
  return ownPrefixBytes.every((byte, at) => key[at] === byte);
}

/** Where receipts are, whatever the databases that are written. */
export const receiptDatabase = 0;

export const receiptKey = (jobId: string): Buffer => Buffer.from(`${ownPrefix}${jobId}`);

/** What was written so far of a unit; JSON in a field of the receipts' hash. */
export interface UnitReceipt {
  readonly isDone: boolean;
  /** The target's. */
  readonly database: number;
  /** What of the unit is settled: so many entries from its beginning. */
  readonly rows: number;
  readonly expired: number;
  /** There already, or of imports themselves: left as they are. */
  readonly skipped: number;
  /** Keys without expiry that were written, and with one. */
  readonly lasting: KeySum;
  readonly expiring: KeySum;
  /** Keys can be in several units, or twice in this one (they were read one after the other). */
  readonly mayRepeat: boolean;
  /** Nothing was there before: what is there in the end can be compared. */
  readonly isAlone: boolean;
  readonly failed: number;
  /** The first of them. */
  readonly failures: readonly ApplyFailure[];
}

/** A number of keys, and the sum of the CRC-64 of their names, as 16 hex digits. */
export interface KeySum {
  readonly keys: number;
  readonly digest: string;
}

/** The receipts of a job: a hash of its own in the target. */
export interface Receipts {
  readonly key: Uint8Array;
  get(field: string, signal: AbortSignal): Promise<string | null>;
  set(field: string, value: string, signal: AbortSignal): Promise<void>;
  remove(field: string, signal: AbortSignal): Promise<void>;
  all(signal: AbortSignal): Promise<ReadonlyMap<string, string>>;
}

export function openReceipts(masters: Masters, jobId: string): Receipts {
  const key = receiptKey(jobId);
  const call = (signal: AbortSignal, name: string, ...args: readonly string[]) =>
    callKey(masters, key, receiptDatabase, [name, key, ...args], signal);
  return {
    key,
    async get(field, signal) {
      const reply = await call(signal, 'HGET', field);
      return reply === null ? null : replyText(reply);
    },
    async set(field, value, signal) {
      await call(signal, 'HSET', field, value);
    },
    async remove(field, signal) {
      await call(signal, 'HDEL', field);
    },
    async all(signal) {
      const items = replyItems(await call(signal, 'HGETALL')).map(replyText);
      const pairs = items.flatMap((name, at): [string, string][] =>
        at % 2 === 0 ? [[name, items[at + 1] ?? '']] : [],
      );
      return new Map(pairs);
    },
  };
}

export const unitField = (key: string): string => `unit:${key}`;
export const applyField = (key: string): string => `apply:${key}`;
export const clearField = (key: string): string => `clear:${key}`;
/** A key that a unit builds a value in; removed with the receipts where it was left. */
export const partField = (unit: string): string => `part:${unit}`;

/** All receipts of units, by the units' keys. */
export function unitReceipts(fields: ReadonlyMap<string, string>): ReadonlyMap<string, UnitReceipt> {
  const prefix = unitField('');
  return new Map(
    [...fields].flatMap(([name, value]): [string, UnitReceipt][] =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), parseReceipt(value)]] : [],
    ),
  );
}

export function parseReceipt(text: string): UnitReceipt {
  try {
    return JSON.parse(text) as UnitReceipt;
  } catch (cause) {
    throw new AppError('database-statement', {
      message: 'A receipt of this import in the target cannot be read: somebody changed it.',
      hint: 'Cancel the job, which removes its receipts, and start it again.',
      cause,
    });
  }
}
