import { abortError } from '../../../core/abort-error.ts';
import type { OperationContext } from '../../../core/context.ts';
import { AppError } from '../../../core/errors.ts';
import type { Unit, UnitSummary } from '../../engine.ts';
import { addressText } from '../client/address.ts';
import { connect, type RedisConnection } from '../client/connection.ts';
import { RedisError } from '../client/reply.ts';
import type { RedisTarget } from '../database-url.ts';
import { databaseOf } from '../logical-database.ts';
import { repeatingAux } from '../repeating-aux.ts';
import { compileKeyRules } from './compile-rules.ts';
import { EntryWriter } from './entry-writer.ts';
import { likelyFormat } from './rdb-versions.ts';
import { isReplica, type Places, type ReadingPlace } from './reading-places.ts';
import { ScanPipeline } from './scan-pipeline.ts';
import { checkSlotMap } from './sync-unit.ts';
import type { UnitRange } from './unit-range.ts';

/** Reads the keys of a unit, one after the other while the server goes on: an RDB file of its own. Throws AppErrors and RedisErrors. */
export async function* readScanUnit(
  target: RedisTarget,
  places: Places,
  unit: Unit,
  { signal }: OperationContext,
): AsyncGenerator<Uint8Array, UnitSummary> {
  const range = unit.range as Extract<UnitRange, { way: 'scan' }>;
  const place = placeOf(places, range);
  const database = databaseOf(unit.table.schema);
  const { family, version } = place.facts;
  await using connection = await connect(target, place.address, signal);
  if (places.slotMap !== '' && isReplica(place)) await connection.call(['READONLY'], signal);
  await connection.select(database, signal);
  const writer = new EntryWriter(likelyFormat(place.facts), database, {
    [family === 'valkey' ? 'valkey-ver' : 'redis-ver']: version,
    'redis-bits': '64',
    [repeatingAux]: '1',
    ctime: String(Math.floor(Date.now() / 1000)),
  });
  const { queue } = writer;
  const onAbort = (): void => queue.fail(abortError(signal));
  const onClosed = (): void => queue.fail(connection.closed.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  connection.closed.addEventListener('abort', onClosed, { once: true });
  try {
    new ScanPipeline(connection, writer, {
      range: range.cursors,
      rules: compileKeyRules(unit.rules),
      knowsExpireTime: await knowsExpireTime(connection, signal),
      server: addressText(place.address),
    }).start();
    if (signal.aborted) onAbort();
    for (;;) {
      const block = await queue.take();
      if (block === null) break;
      yield block;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    connection.closed.removeEventListener('abort', onClosed);
  }
  await checkSlotMap(target, places, signal);
  return { rows: writer.rows, variant: `${writer.magic}/file/${database}` };
}

function placeOf({ places, slotMap }: Places, range: Extract<UnitRange, { way: 'scan' }>): ReadingPlace {
  const place = places.find(({ shard }) => shard.id === range.shard);
  if (place !== undefined && slotMap === range.slotMap) return place;
  throw new AppError('snapshot-lost', {
    message: 'Slots of the cluster moved to other servers since the export was planned.',
    operation: 'read keys',
  });
}

/** PEXPIRETIME is there since 7.0, and a right of its own; PTTL needs our clock, and the time on the way is lost. */
async function knowsExpireTime(connection: RedisConnection, signal: AbortSignal): Promise<boolean> {
  try {
    await connection.call(['PEXPIRETIME', 'pumphouse'], signal);
    return true;
  } catch (error) {
    if (!(error instanceof RedisError)) throw error;
    // A node of a cluster that would know it, of a key that it has.
    return error.code === 'MOVED';
  }
}
