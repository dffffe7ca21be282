import { abortError } from '../../../core/abort-error.ts';
import type { OperationContext } from '../../../core/context.ts';
import { AppError } from '../../../core/errors.ts';
import type { Unit, UnitSummary } from '../../engine.ts';
import { clusterShards } from '../client/cluster.ts';
import { connect } from '../client/connection.ts';
import type { RedisTarget } from '../database-url.ts';
import { openSync } from './open-sync.ts';
import { type Places, type ReadingPlace, refuseMovingSlots, slotMapOf } from './reading-places.ts';
import type { SharedLimits } from './shared-limits.ts';
import type { SyncStream } from './sync-stream.ts';
import type { UnitRange } from './unit-range.ts';

interface OpenStream {
  readonly stream: SyncStream;
  /** The piece that can be read next. */
  next: number;
}

/** The streams of a snapshot over the replication protocol: each is read piece after piece, and beginning anew means another snapshot. */
export class SyncUnits implements Disposable {
  readonly #target: RedisTarget;
  readonly #places: Places;
  readonly #limits: SharedLimits;
  readonly #open = new Map<string, OpenStream>();

  constructor(target: RedisTarget, places: Places, limits: SharedLimits) {
    this.#target = target;
    this.#places = places;
    this.#limits = limits;
  }

  /** The blocks of a unit, and what it was at the end. Throws classified errors. */
  async *read(unit: Unit, context: OperationContext): AsyncGenerator<Uint8Array, UnitSummary> {
    const { shard, piece, databases } = unit.range as Extract<UnitRange, { way: 'sync' }>;
    const { signal } = context;
    signal.throwIfAborted();
    const open = piece === 0 ? await this.#begin(shard, databases, context) : this.#follow(shard, piece);
    const { stream } = open;
    const onAbort = (): void => stream.abandon(abortError(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      if (signal.aborted) onAbort();
      for (;;) {
        const block = await stream.take(piece);
        if (block === null) break;
        yield block;
      }
      if (piece === databases.length - 1) {
        this.#open.delete(shard);
        await this.#checkSlots(signal);
      }
      open.next = piece + 1;
      return { rows: stream.rowsOf(piece), variant: stream.magic };
    } finally {
      signal.removeEventListener('abort', onAbort);
      if (open.next <= piece) {
        this.#open.delete(shard);
        stream[Symbol.dispose]();
      }
    }
  }

  [Symbol.dispose](): void {
    for (const { stream } of this.#open.values()) stream[Symbol.dispose]();
    this.#open.clear();
  }

  async #begin(shard: string, databases: readonly number[], context: OperationContext): Promise<OpenStream> {
    this.#open.get(shard)?.stream[Symbol.dispose]();
    const place = this.#places.places.find((each) => each.shard.id === shard) as ReadingPlace;
    const { address, facts } = place;
    const source = { target: this.#target, address, facts, databases, limits: this.#limits };
    const open: OpenStream = { stream: await openSync(source, context), next: 0 };
    this.#open.set(shard, open);
    return open;
  }

  #follow(shard: string, piece: number): OpenStream {
    const open = this.#open.get(shard);
    if (open !== undefined && open.next === piece) return open;
    throw new AppError('snapshot-lost', {
      message: 'The stream of the snapshot has ended before this part of it was read.',
      operation: 'read the snapshot',
    });
  }

  /** Keys that moved from one shard to another meanwhile would be missed or come twice. */
  async #checkSlots(signal: AbortSignal): Promise<void> {
    const { slotMap, topology } = this.#places;
    if (slotMap === '') return;
    await checkSlotMap(this.#target, this.#places, signal);
    await refuseMovingSlots(this.#target, topology.shards, signal);
  }
}

/** Throws `snapshot-lost` when slots have another server than when the places were found. */
export async function checkSlotMap(
  target: RedisTarget,
  { places, slotMap }: Places,
  signal: AbortSignal,
): Promise<void> {
  if (slotMap === '') return;
  await using connection = await connect(target, (places[0] as ReadingPlace).address, signal);
  if (slotMapOf(await clusterShards(connection, signal)) === slotMap) return;
  throw new AppError('snapshot-lost', {
    message: 'Slots of the cluster moved to other servers while it was read.',
    operation: 'read the cluster',
  });
}
