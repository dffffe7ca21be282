import type { ReadRules } from '../../src/core/read-rules.ts';
import type { Snapshot, SourceSession, TableToRead, Unit, UnitSummary } from '../../src/engines/engine.ts';
import { parseRedisUrl } from '../../src/engines/redis/database-url.ts';
import { createSharedLimits, type SharedLimits } from '../../src/engines/redis/source/shared-limits.ts';
import { openRedisSource } from '../../src/engines/redis/source/source-session.ts';
import { type RecordingContext, recordingContext } from './recording-context.ts';

/** A Redis database that is open for reading, as an export has it. */
export interface RedisSource extends AsyncDisposable {
  readonly context: RecordingContext;
  readonly session: SourceSession;
  readonly snapshot: Snapshot;
  /** The tables of the catalogue, with the same rules each. */
  tables(rules?: ReadRules | null): Promise<readonly TableToRead[]>;
  /** Reads a unit to its end. */
  read(unit: Unit): Promise<{ readonly bytes: Buffer; readonly summary: UnitSummary }>;
}

/** Rules that let every key through, so that keys are read one by one. */
export const everyKey: ReadRules = {
  filter: null,
  sample: { percent: 100, seed: 7 },
  masks: [],
  hashKey: '',
};

export async function openRedis(
  url: string,
  limits: SharedLimits = createSharedLimits(),
): Promise<RedisSource> {
  const context = recordingContext();
  const session = await openRedisSource(parseRedisUrl(url), limits, context);
  const snapshot = await session.begin(2, context);
  return {
    context,
    session,
    snapshot,
    async tables(rules = null) {
      const catalogue = await snapshot.inspect(context);
      return catalogue.tables.map((table) => ({ ...table, rules }));
    },
    async read(unit) {
      const reader = snapshot.read(unit, 'rdb', context);
      const blocks: Uint8Array[] = [];
      for await (const block of reader.bytes) blocks.push(Buffer.from(block));
      return { bytes: Buffer.concat(blocks), summary: await reader.summary };
    },
    async [Symbol.asyncDispose]() {
      await snapshot[Symbol.asyncDispose]();
      await session[Symbol.asyncDispose]();
    },
  };
}
