import { type RedisVersion, redisVersions, steadyRedisVersions } from './redis-packages.ts';

/** How much the tests on Redis servers do: `npm run test:redis` takes minutes, as a part of `npm test` they must not. */
export interface RedisCampaign {
  readonly versions: readonly RedisVersion[];
  /** Databases of random values for each pair of servers. */
  readonly runs: number;
  /** Of a server whose exports and imports are killed. */
  readonly keys: number;
  /** Of each of these jobs. */
  readonly kills: number;
  /** Of the largest value. */
  readonly valueMb: number;
}

export const redisCampaign: RedisCampaign =
  process.env.PUMPHOUSE_REDIS_CAMPAIGN === '1'
    ? { versions: redisVersions, runs: 60, keys: 1_000_000, kills: 6, valueMb: 500 }
    : { versions: steadyRedisVersions, runs: 8, keys: 80_000, kills: 1, valueMb: 32 };
