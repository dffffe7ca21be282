import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { redisCampaign } from '../harness/redis-campaign.ts';
import { addExpiredKey, danglingStream, fillWithEverything, hasFieldTtls } from '../harness/redis-sample.ts';
import { type RedisServer, type RedisVersion, startRedis } from '../harness/redis-server.ts';
import { type RedisState, redisFunctions, redisState } from '../harness/redis-state.ts';
import { move } from './redis-harness.ts';
import { fillWith, redisDatabase } from './redis-values.ts';

/* Every type in every encoding, from each server to each, key by key with times to live; read by the commands of the types. */

const { versions, runs } = redisCampaign;

/** Whether values of streams come by commands, because the target is older than their format. */
const isOlder = (to: RedisVersion, from: RedisVersion): boolean => to === 'redis-7.0' && from !== 'redis-7.0';

/** The keys of which the target cannot have everything. */
const lostIn = (from: RedisVersion, to: RedisVersion): readonly string[] =>
  hasFieldTtls({ version: from }) && !hasFieldTtls({ version: to })
    ? ['hash:ttl-small', 'hash:ttl-table']
    : [];

describe('round trips between servers', () => {
  const sources = new Map<RedisVersion, RedisServer>();
  const targets = new Map<RedisVersion, RedisServer>();
  const stack = new AsyncDisposableStack();
  const sourceOf = (version: RedisVersion): RedisServer => sources.get(version) as RedisServer;
  const emptyTarget = async (version: RedisVersion): Promise<RedisServer> => {
    const target = targets.get(version) as RedisServer;
    await target.call('FLUSHALL');
    await target.call('FUNCTION', 'FLUSH');
    return target;
  };

  before(async () => {
    for (const version of versions) {
      const [source, target] = await Promise.all([startRedis({ version }), startRedis({ version })]);
      sources.set(version, stack.use(source));
      targets.set(version, stack.use(target));
      await fillWithEverything(source);
    }
  });
  after(() => stack.disposeAsync());

  /** What can be the same on both: without what the target has no word for. */
  const comparable = async (
    server: RedisServer,
    from: RedisVersion,
    to: RedisVersion,
  ): Promise<RedisState> => {
    const state = await redisState(server, {
      fieldTtls: hasFieldTtls({ version: from }) && hasFieldTtls({ version: to }),
      consumerTimes: from !== 'redis-7.0' && to !== 'redis-7.0',
    });
    if (!isOlder(to, from)) return state;
    const { [danglingStream]: _dangling, ...rest } = state.db0 ?? {};
    return { ...state, db0: rest };
  };

  for (const from of versions) {
    for (const to of versions) {
      it(`${from} to ${to}, by the replication protocol`, async () => {
        const [source, target] = [sourceOf(from), await emptyTarget(to)];
        const { consistency } = await move(source.url(), target.url(), {}, lostIn(from, to));
        assert.equal(consistency?.kind, 'snapshot');
        assert.deepEqual(await comparable(target, from, to), await comparable(source, from, to));
        assert.deepEqual(await redisFunctions(target), await redisFunctions(source));
      });

      it(`${from} to ${to}, key by key`, async () => {
        const [source, target] = [sourceOf(from), await emptyTarget(to)];
        const options = { unitBytes: 20_000 };
        const url = `${source.url()}?snapshot=scan`;
        const { consistency } = await move(url, target.url(), options, lostIn(from, to));
        assert.equal(consistency?.kind, 'none');
        assert.deepEqual(await comparable(target, from, to), await comparable(source, from, to));
        assert.deepEqual(await redisFunctions(target), await redisFunctions(source));
      });
    }
  }

  for (const [at, from] of versions.entries()) {
    const to = versions[(at + 1) % versions.length] as RedisVersion;
    it(`${from} to ${to}, databases of random values`, async () => {
      await using source = await startRedis({ version: from });
      await fc.assert(
        fc.asyncProperty(redisDatabase, fc.boolean(), async (database, scans) => {
          const target = await emptyTarget(to);
          await fillWith(source, database);
          await move(`${source.url()}${scans ? '?snapshot=scan' : ''}`, target.url());
          assert.deepEqual(await comparable(target, from, to), await comparable(source, from, to));
        }),
        { numRuns: runs },
      );
    });
  }

  it('a key past its time does not come back to life, and is no difference', async () => {
    await using source = await startRedis({ version: 'redis-8.0' });
    await addExpiredKey(source, 'expired');
    await source.call('SET', 'alive', 1);
    for (const query of ['', '?snapshot=scan']) {
      const target = await emptyTarget('redis-7.0');
      await move(`${source.url()}${query}`, target.url());
      assert.equal(await target.call('DBSIZE'), 1);
      assert.equal(await target.call('EXISTS', 'expired'), 0);
    }
  });
});
