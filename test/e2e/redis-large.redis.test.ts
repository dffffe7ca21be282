import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { redisCampaign } from '../harness/redis-campaign.ts';
import { startRedis } from '../harness/redis-server.ts';
import { startServiceProcess } from '../harness/service-process.ts';

const { valueMb } = redisCampaign;
/** What the service may take, whatever the size of a value. */
const mostMemoryMb = 300;

/** Peak of a process. */
const peakMb = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

for (const way of ['sync', 'scan'] as const) {
  test(`a value of ${valueMb} MB and a list of as much come over in bounded memory (${way})`, async () => {
    await using source = await startRedis();
    await using target = await startRedis({ version: 'valkey-8.1' });
    await using client = await source.connect();
    const piece = randomFillSync(Buffer.alloc(1024 ** 2));
    for (let at = 0; at < valueMb; at += 1) {
      piece.writeUInt32LE(at);
      await client.call('APPEND', 'large:string', piece);
      await client.call('RPUSH', 'large:list', piece.subarray(0, 500_000), piece.subarray(500_000));
    }
    const digests = async (server: typeof source) =>
      String(await server.call('DEBUG', 'DIGEST-VALUE', 'large:string', 'large:list'));

    await using service = await startServiceProcess();
    const databases = { cache: `${source.url()}?snapshot=${way}`, copy: target.url() };
    for (const [name, url] of Object.entries(databases))
      await service.request('POST', '/api/v1/databases', { name, url });
    const exported = await service.run({
      kind: 'export',
      database: 'cache',
      mode: 'full',
      compression: 'none',
    });
    await service.run({ kind: 'import', database: 'copy', file_pattern: exported.name });
    assert.equal(await digests(target), await digests(source));
    const peak = peakMb(service.pid);
    assert.ok(peak < mostMemoryMb, `${Math.round(peak)} MB`);
  });
}
