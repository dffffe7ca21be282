import { AppError } from '../../../core/errors.ts';
import type { WriteUnit } from '../../engine.ts';
import { classifyRedisError } from '../classify.ts';
import type { RedisError } from '../client/reply.ts';
import type { RdbFormat } from '../rdb/format.ts';
import type { RenameKey } from './key-prefixes.ts';

/** How a unit is to be written. */
export interface UnitOrder {
  /** The receipt's key. */
  readonly key: string;
  /** The target's logical database. */
  readonly database: number;
  /** The entries of this logical database of the source only; null: all that come. */
  readonly from: number | null;
  readonly format: RdbFormat;
  /** `over`: nothing was there, so that what is there is of an earlier attempt. */
  readonly existing: 'skip' | 'replace' | 'over';
  readonly rename: RenameKey | null;
  /** Entries that an earlier attempt has settled. */
  readonly settled: number;
  /** As of WriteUnit. */
  readonly wantsObject: NonNullable<WriteUnit['wantsObject']>;
}

/** A refusal that ends the unit: of the target as a whole, and not of a value. */
export function restoreError(reply: RedisError): AppError {
  if (reply.code === 'OOM') {
    return new AppError('database-full', {
      message: `The target has no memory left for more keys: ${reply.message}`,
      hint: 'Raise maxmemory of the target or make room, then resume the job: it goes on where it stopped. What it wrote so far stays.',
      operation: 'write keys',
      temporary: false,
      cause: reply,
    });
  }
  return classifyRedisError(reply, 'write keys');
}
