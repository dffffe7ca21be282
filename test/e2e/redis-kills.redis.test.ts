import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../harness/random.ts';
import { redisCampaign } from '../harness/redis-campaign.ts';
import { type RedisServer, startRedis } from '../harness/redis-server.ts';
import { runWithKills } from '../harness/run-with-kills.ts';
import { startServiceProcess } from '../harness/service-process.ts';
import { makeFolder } from '../harness/with-folder.ts';

/* The service is killed at random moments of an export and of an import, which go on. */

const random = createRandom();
const { keys, kills } = redisCampaign;
console.log(`redis kills: seed ${random.seed}`);

/** Everything that a server holds, values and all. */
const digest = async (server: RedisServer): Promise<string> => String(await server.call('DEBUG', 'DIGEST'));

async function fill(server: RedisServer): Promise<void> {
  const script = `for i = ARGV[1], ARGV[2] do
    redis.call('SET', 'session:' .. i, redis.sha1hex(i) .. redis.sha1hex(i + 1), 'PXAT', 4102444800000 + i)
    if i % 10 == 0 then redis.call('HSET', 'user:' .. i, 'name', 'user ' .. i, 'score', i / 7) end
  end`;
  const atOnce = 20_000;
  for (let from = 1; from <= keys; from += atOnce)
    await server.call('EVAL', script, 0, from, Math.min(keys, from + atOnce - 1));
}

for (const way of ['sync', 'scan'] as const) {
  test(`killed exports and imports lose nothing and double nothing (${way}, seed ${random.seed})`, async () => {
    await using source = await startRedis();
    await using target = await startRedis({ version: 'redis-8.0' });
    await fill(source);
    const flags = ['--unit-bytes', '1048576', '--workers', '2'];
    await using data = await makeFolder();
    let service = await startServiceProcess({ data: data.path, flags });
    try {
      const databases = { cache: `${source.url()}?snapshot=${way}`, copy: target.url() };
      for (const [name, url] of Object.entries(databases))
        await service.request('POST', '/api/v1/databases', { name, url });
      const plan = { random, kills, withinMs: 400, flags };
      const exported = await runWithKills(
        service,
        { kind: 'export', database: 'cache', mode: 'full', threads: 2 },
        plan,
      );
      service = exported.service;
      assert.equal(exported.job.state, 'completed', JSON.stringify(exported.job.error));
      const imported = await runWithKills(
        service,
        { kind: 'import', database: 'copy', file_pattern: exported.job.name, threads: 2 },
        plan,
      );
      service = imported.service;
      assert.equal(imported.job.state, 'completed', JSON.stringify(imported.job.error));
      assert.equal(imported.job.error_count, 0);
      assert.equal(await target.call('DBSIZE'), await source.call('DBSIZE'));
      assert.equal(await digest(target), await digest(source));
    } finally {
      await service[Symbol.asyncDispose]();
    }
  });
}
