import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { redisCampaign } from '../harness/redis-campaign.ts';
import { startRedis } from '../harness/redis-server.ts';
import { openRedis } from '../harness/redis-source.ts';

/** What each server sends to whom asks for nothing special. */
const usual = {
  'redis-7.0': 'REDIS0010',
  'redis-8.0': 'REDIS0012',
  'valkey-8.1': 'REDIS0011',
  'valkey-9': 'REDIS0011',
} as const;

async function magicOf(url: string): Promise<string> {
  await using source = await openRedis(url);
  const [unit] = source.snapshot.plan(await source.tables(), 1e9);
  const { bytes, summary } = await source.read(unit as NonNullable<typeof unit>);
  assert.equal(bytes.toString('latin1', 0, 9), summary.variant);
  return summary.variant;
}

describe('the format of a snapshot', () => {
  for (const version of redisCampaign.versions) {
    it(`of ${version} is ${usual[version]}`, async () => {
      await using server = await startRedis({ version });
      await server.call('SET', 'plain', 1);
      assert.equal(await magicOf(server.url()), usual[version]);
      if (version !== 'valkey-9') return;
      assert.equal(await magicOf(`${server.url()}?format=native`), 'VALKEY080');
      // What RDB 11 cannot hold.
      await server.call('HSET', 'hash', 'field', 'value');
      await server.call('HPEXPIREAT', 'hash', Date.UTC(2100, 0, 1), 'FIELDS', 1, 'field');
      assert.equal(await magicOf(server.url()), 'VALKEY080');
      await assert.rejects(magicOf(`${server.url()}?format=portable`), {
        code: 'unsupported',
        message: /format that Redis reads/,
      });
    });
  }
});
