import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createRandom } from '../harness/random.ts';
import { startRedis } from '../harness/redis-server.ts';
import { runWithKills } from '../harness/run-with-kills.ts';
import { startServiceProcess } from '../harness/service-process.ts';
import { makeFolder } from '../harness/with-folder.ts';

/*
 * The service is killed at random moments of an import of a server's own files: while they are examined, while everything is erased, while
 * rows are written. It goes on, and the target holds what the files hold, and nothing else.
 */

const random = createRandom();
const kills = process.env.PUMPHOUSE_REDIS_CAMPAIGN === '1' ? 20 : 2;

test(`a killed import of own files loses nothing and leaves nothing behind (seed ${random.seed})`, async () => {
  await using source = await startRedis();
  await using target = await startRedis();
  await using data = await makeFolder();
  const script = `for i = 1, 60000 do redis.call('SET', ARGV[1] .. i, redis.sha1hex(i) .. redis.sha1hex(-i)) end`;
  // Two servers, one after the other; keys of both in one database, and of one in another.
  await source.call('EVAL', script, 0, 'user:');
  await source.call('SAVE');
  await writeFile(path.join(data.path, 'one.rdb'), await readFile(path.join(source.folder, 'dump.rdb')));
  await source.call('FLUSHALL');
  await using client = await source.connect();
  await client.pipeline([
    ['SET', 'session:1', 'a'],
    ['SELECT', 5],
    ['EVAL', script, 0, 'job:'],
  ]);
  await source.call('SAVE');
  const two = gzipSync(await readFile(path.join(source.folder, 'dump.rdb')), { level: 1 });
  await writeFile(path.join(data.path, 'two.rdb.gz'), two);
  await target.call('EVAL', script, 0, 'left over:');

  const flags = ['--workers', '2'];
  const service = await startServiceProcess({ data: path.join(data.path, 'data'), flags });
  await service.request('POST', '/api/v1/databases', { name: 'copy', url: target.url() });
  const at = { location: `file://${data.path}` };
  const request = {
    ...{ kind: 'import', database: 'copy', erase: true, threads: 2 },
    own_files: [
      { ...at, file: 'one.rdb' },
      { ...at, file: 'two.rdb.gz' },
    ],
  };
  const killed = await runWithKills(service, request, { random, kills, withinMs: 500, flags });
  await using _running = killed.service;
  assert.equal(killed.job.state, 'completed', JSON.stringify(killed.job.error));
  assert.equal(killed.job.error_count, 0);
  await using seen = await target.connect();
  const keyspace = await seen.pipeline([
    ['DBSIZE'],
    ['EXISTS', 'session:1', 'left over:1'],
    ['SELECT', 5],
    ['DBSIZE'],
  ]);
  assert.deepEqual(keyspace.map(String), ['60001', '1', 'OK', '60000']);
});
