import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSampleDatabase } from '../../src/cli/demo/sample-database.ts';
import { startApp, type TestApp, type TestJob } from '../harness/app.ts';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../harness/otlp-receiver.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

const caller = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };

describe('metrics', () => {
  it("tell users and the bearer of the token what the service did, and name nobody's things", async () => {
    await using folder = await makeFolder();
    createSampleDatabase(folder.join('shop.db'), { orderItems: 200 });
    await using app = await startApp({
      databases: { zanzibar: `sqlite:${folder.join('shop.db')}` },
      users: [{ name: 'watcher', role: 'viewer', password: 'correct-horse' }],
      flags: { metricsToken: 'scrape-me' },
    });
    const { id } = await app.json<{ readonly id: string }>({
      method: 'POST',
      path: '/api/v1/jobs',
      body: { kind: 'export', database: 'zanzibar', mode: 'full' },
    });
    const { result } = await app.settled(id);
    const scrape = (authorization?: string) =>
      fetch(`${app.origin}/metrics`, { headers: authorization === undefined ? {} : { authorization } });
    assert.equal((await scrape()).status, 401);
    assert.equal((await scrape('Bearer something-else')).status, 401);
    const viewer = `Basic ${Buffer.from('watcher:correct-horse').toString('base64')}`;
    assert.equal((await scrape(viewer)).status, 200);
    const text = await (await scrape('Bearer scrape-me')).text();
    const value = (series: string): number =>
      Number(new RegExp(`^${series.replaceAll(/[{}]/g, '\\$&')} (.*)$`, 'm').exec(text)?.[1]);
    assert.equal(value('pumphouse_jobs_ended_total{kind="export",state="completed"}'), 1);
    assert.equal(value('pumphouse_data_rows_total{direction="read",engine="sqlite"}'), result?.rows);
    assert.ok(value('pumphouse_storage_bytes_total{scheme="file",direction="sent"}') > 0);
    assert.equal(value('pumphouse_tasks_running{kind="export"}'), 0);
    assert.equal(value('pumphouse_events_total{type="backup.damaged"}'), 0);
    assert.equal(value('pumphouse_store_up'), 1);
    assert.equal(value('pumphouse_instances'), 1);
    for (const name of ['zanzibar', 'watcher', 'order_items', 'customers', 'scrape-me', folder.path, id])
      assert.ok(!text.includes(name), name);
  });
});

describe('traces', () => {
  let folder: TestFolder;
  let receiver: OtlpReceiver;
  before(async () => {
    folder = await makeFolder();
    receiver = await startOtlpReceiver();
    createSampleDatabase(folder.join('shop.db'), { orderItems: 2_000 });
  });
  after(async () => {
    await receiver?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  const flags = () => ({
    otlpUrl: receiver.url,
    otlpHeaders: 'authorization=Bearer%20of-the-collector,x-tenant=one',
    unitBytes: '64KiB',
  });
  const exportShop = (app: TestApp, headers: Readonly<Record<string, string>> = {}) =>
    app.json<{ readonly id: string }>({
      method: 'POST',
      path: '/api/v1/jobs',
      headers,
      body: { kind: 'export', database: 'shop', mode: 'full', threads: 2 },
    });

  it('are one tree for each job, whichever processes ran it', async () => {
    const data = folder.join('data');
    let id = '';
    {
      await using app = await startApp({
        data,
        databases: { shop: `sqlite:${folder.join('shop.db')}` },
        // So slow that no unit is done before the stop.
        flags: { ...flags(), storageRate: '1KiB' },
      });
      ({ id } = await exportShop(app, { traceparent: `00-${caller.traceId}-${caller.spanId}-01` }));
      for (;;) {
        const { state } = await app.json<TestJob>({ method: 'GET', path: `/api/v1/jobs/${id}` });
        if (state === 'executing') break;
        await sleep(10);
      }
      await app.call({ method: 'POST', path: `/api/v1/jobs/${id}/stop` });
      assert.equal((await app.settled(id)).state, 'stopped');
    }
    {
      await using app = await startApp({ data, flags: flags() });
      await app.json({ method: 'POST', path: `/api/v1/jobs/${id}/resume` });
      assert.equal((await app.settled(id)).state, 'completed');
    }
    // What was left was sent before each of them ended.
    const spans = receiver.spans.filter(({ attributes }) => attributes['pumphouse.job.id'] === id);
    const [root] = spans.filter(({ name }) => name === 'job export');
    assert.ok(root !== undefined, 'the job has a span');
    assert.equal(root.parentSpanId, null);
    assert.equal(root.attributes['pumphouse.job.state'], 'completed');
    assert.ok(spans.every(({ traceId }) => traceId === root.traceId));
    assert.equal(new Set(spans.map(({ resource }) => resource['service.instance.id'])).size, 2);
    assert.deepEqual([...new Set(spans.map(({ resource }) => resource['service.name']))], ['pumphouse']);

    const named = (name: string) => spans.filter((span) => span.name === name);
    const [accept] = named('accept');
    assert.deepEqual(accept?.links, [caller]);
    for (const kind of ['plan', 'ddl', 'finish']) {
      const done = named(`task ${kind}`).filter(
        ({ attributes }) => attributes['pumphouse.task.outcome'] === 'done',
      );
      assert.deepEqual(
        done.map(({ parentSpanId }) => parentSpanId),
        [root.spanId],
        kind,
      );
    }
    const tables = named('table');
    assert.ok(tables.length > 3);
    assert.ok(tables.every(({ parentSpanId }) => parentSpanId === root.spanId));
    for (const unit of named('unit data')) {
      const table = tables.find(({ spanId }) => spanId === unit.parentSpanId);
      assert.equal(table?.attributes['pumphouse.table'], unit.attributes['pumphouse.table']);
      assert.ok(table !== undefined && isWithin(unit, table), 'a unit lies within its table');
      if (unit.attributes['pumphouse.task.outcome'] !== 'done') continue;
      assert.ok(Number(unit.attributes['pumphouse.rows']) > 0);
      assert.ok(Number(unit.attributes['pumphouse.bytes']) > 0);
    }
    const places = new Set(spans.map(({ spanId }) => spanId));
    const puts = receiver.spans.filter(
      ({ name, traceId }) => name === 'storage put' && traceId === root.traceId,
    );
    assert.ok(puts.length > tables.length, 'files of the units, the schema and the manifest');
    assert.ok(puts.every(({ parentSpanId }) => parentSpanId !== null && places.has(parentSpanId)));
    assert.ok(puts.every(({ attributes }) => attributes['pumphouse.storage.scheme'] === 'file'));
    assert.ok(receiver.headers.every(({ authorization }) => authorization === 'Bearer of-the-collector'));
    assert.ok(receiver.headers.every((sent) => sent['x-tenant'] === 'one'));
  });

  it('tell of failures by their codes, without words', async () => {
    await using app = await startApp({
      databases: { shop: `sqlite:${folder.join('shop.db')}` },
      flags: flags(),
    });
    const made = await app.settled((await exportShop(app)).id);
    const [file] = (await readdir(app.dumps, { recursive: true })).filter((name) => name.includes('orders.'));
    assert.ok(file !== undefined);
    const bytes = await readFile(join(app.dumps, file));
    bytes.fill(0, 100, 200);
    await writeFile(join(app.dumps, file), bytes);
    await app.json({
      method: 'POST',
      path: '/api/v1/databases',
      body: { name: 'twin', url: `sqlite:${folder.join('twin.db')}` },
    });
    const { id } = await app.json<{ readonly id: string }>({
      method: 'POST',
      path: '/api/v1/jobs',
      body: { kind: 'import', database: 'twin', directory: 'DATA_PUMP_DIR', file_pattern: made.name },
    });
    const { error } = await app.settled(id);
    await app[Symbol.asyncDispose]();
    const spans = receiver.spans.filter(({ attributes }) => attributes['pumphouse.job.id'] === id);
    const [job] = spans.filter(({ name }) => name === 'job import');
    const failed = spans.filter(({ attributes }) => attributes['pumphouse.task.outcome'] === 'failed');
    assert.ok(error !== null && error !== undefined);
    assert.deepEqual(
      [job, ...failed].map((span) => span?.error),
      [error.code, error.code],
    );
    assert.ok(!JSON.stringify(spans).includes(error.message));
  });

  it('that a collector does not take harm nothing', async () => {
    await using deaf = await startOtlpReceiver(400);
    await using app = await startApp({
      databases: { shop: `sqlite:${folder.join('shop.db')}` },
      flags: { ...flags(), otlpUrl: deaf.url },
    });
    const { id } = await exportShop(app);
    assert.equal((await app.settled(id)).state, 'completed');
    await app[Symbol.asyncDispose]();
    assert.ok(deaf.headers.length > 0, 'it was asked');
  });
});

const isWithin = (inner: ReceivedSpan, outer: ReceivedSpan): boolean =>
  inner.startMs >= outer.startMs && inner.endMs <= outer.endMs;
