import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { contentOf, fileUnit, fill, openImport, rdbOf } from '../../../../test/harness/redis-import.ts';
import { type RedisServer, startRedis } from '../../../../test/harness/redis-server.ts';
import type { RespArgument } from '../../../../test/harness/resp-client.ts';

let source: RedisServer;
let target: RedisServer;
before(async () => {
  [source, target] = await Promise.all([startRedis({ version: 'redis-8.0' }), startRedis()]);
});
after(async () => {
  await Promise.all([source[Symbol.asyncDispose](), target[Symbol.asyncDispose]()]);
});

const child = path.resolve(import.meta.dirname, '../../../../test/harness/redis-import-child.ts');
const rows = 20_000;

for (const existing of [undefined, 'skip'] as const) {
  test(`an import that is killed ends as it should when it is run again (${existing ?? 'nothing there'})`, async () => {
    await target.call('FLUSHALL');
    if (existing === undefined) {
      const keys = Array.from({ length: rows }, (_, at): readonly RespArgument[] =>
        // Every tenth is of a type that the target does not know.
        at % 10 === 0 ? ['SADD', `set:${at}`, 'a', at] : ['SET', `key:${at}`, `value ${at}`.repeat(10)],
      );
      await fill(source, keys);
    } else await target.call('SET', 'key:7', 'old');
    const rdb = await rdbOf(source);
    const file = path.join(source.folder, 'dump.rdb');

    // Killed as soon as so many keys are there.
    for (const atLeast of [500, 5_000]) {
      const args = [target.url(), file, String(rows), ...(existing === undefined ? [] : [existing])];
      const importing = fork(child, args, { execArgv: ['--disable-warning=ExperimentalWarning'] });
      while (Number(await target.call('DBSIZE')) < atLeast && importing.exitCode === null) await sleep(2);
      const ended = once(importing, 'exit');
      importing.kill('SIGKILL');
      assert.equal((await ended)[1], 'SIGKILL');
      assert.ok(Number(await target.call('DBSIZE')) < rows, 'it was killed in the middle');
    }

    await using job = await openImport(target.url(), 'killed');
    const unit = fileUnit(rdb, rows, existing === undefined ? {} : { existingRows: existing });
    assert.deepEqual(await job.write(rdb, unit), { rows, alreadyApplied: false });
    assert.deepEqual(await job.session.finish([{ schema: 'db0', name: 'keys', rows }], job.context), []);
    await job.session.forget('killed', job.context);
    assert.equal(await target.call('DBSIZE'), rows);
    assert.equal(await target.call('SCARD', 'set:90'), 2);
    assert.equal(
      String(await target.call('GET', 'key:7')),
      existing === 'skip' ? 'old' : 'value 7'.repeat(10),
    );
  });
}

test('goes on where the last checkpoint was', async () => {
  await target.call('FLUSHALL');
  const rdb = await rdbOf(source);
  await using job = await openImport(target.url(), 'resumed');
  const settled = 15_000;
  const empty = { keys: 0, digest: '0'.repeat(16) };
  const receipt = {
    isDone: false,
    database: 0,
    rows: settled,
    expired: 0,
    skipped: 0,
    lasting: { ...empty, keys: settled },
    expiring: empty,
    mayRepeat: false,
    isAlone: true,
    failed: 0,
    failures: [],
  };
  await target.call('HSET', '__pumphouse:resumed', 'unit:data/0', JSON.stringify(receipt));
  assert.deepEqual(await job.write(rdb, fileUnit(rdb, rows)), { rows, alreadyApplied: false });
  assert.equal(Object.keys(await contentOf(target)).length, rows - settled);
});
