import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createExposition } from './exposition.ts';
import { createMetricRegistry } from './metrics.ts';
import { createStoreGauges, type StoreFigures } from './store-gauges.ts';

const figures: StoreFigures = {
  jobs: [{ kind: 'export', state: 'queued', count: 3 }],
  oldestQueuedAt: 40_000,
  held: 1,
  unfinishedTasks: 7,
  mailsWaiting: 2,
  eventsWaiting: 0,
  oldestDueAt: null,
  at: 100_000,
  instances: 2,
  tickets: { waiting: 4, delayed: 1, held: 2 },
};
const log = { debug() {}, info() {}, warn() {}, error() {} };
const linesOf = (text: string, name: string): readonly string[] =>
  text.split('\n').filter((line) => line.startsWith(name));

function stage(read: () => Promise<StoreFigures>) {
  let now = 1_000_000;
  const metrics = createMetricRegistry();
  const refresh = createStoreGauges({ metrics, read, clock: { now: () => now }, log });
  return {
    metrics,
    refresh,
    text: async () => {
      await refresh();
      return metrics.text();
    },
    pass: (ms: number) => {
      now += ms;
    },
  };
}

describe('gauges of the store', () => {
  it('tell what the store holds', async () => {
    const { text } = stage(async () => figures);
    const shown = await text();
    assert.deepEqual(linesOf(shown, 'pumphouse_jobs{'), ['pumphouse_jobs{kind="export",state="queued"} 3']);
    assert.deepEqual(linesOf(shown, 'pumphouse_oldest'), ['pumphouse_oldest_queued_age_seconds 60']);
    assert.deepEqual(linesOf(shown, 'pumphouse_scheduler'), ['pumphouse_scheduler_lag_seconds 0']);
    assert.deepEqual(linesOf(shown, 'pumphouse_tickets'), [
      'pumphouse_tickets{state="waiting"} 4',
      'pumphouse_tickets{state="delayed"} 1',
      'pumphouse_tickets{state="held"} 2',
    ]);
    assert.deepEqual(linesOf(shown, 'pumphouse_store_up'), ['pumphouse_store_up 1']);
  });

  it('are counted once in a while, however many scrape at once', async () => {
    let reads = 0;
    const { text, pass } = stage(async () => {
      reads += 1;
      return figures;
    });
    await Promise.all([text(), text(), text()]);
    await text();
    assert.equal(reads, 1);
    pass(10_000);
    await text();
    assert.equal(reads, 2);
  });

  it('are absent while the store does not answer, and are back when it does', async () => {
    let isThere = true;
    const { text, pass } = stage(async () => {
      if (!isThere) throw new Error('away');
      return figures;
    });
    await text();
    isThere = false;
    pass(10_000);
    const without = await text();
    assert.deepEqual(linesOf(without, 'pumphouse_store_up'), ['pumphouse_store_up 0']);
    for (const name of ['pumphouse_jobs', 'pumphouse_instances', 'pumphouse_tickets'])
      assert.deepEqual(linesOf(without, name), [], name);
    isThere = true;
    assert.deepEqual(linesOf(await text(), 'pumphouse_instances'), ['pumphouse_instances 2']);
  });
});

describe('exposition', () => {
  it('speaks OpenMetrics, and the format of Prometheus again afterwards', async () => {
    const metrics = createMetricRegistry();
    metrics.count('pumphouse_jobs_created_total', { kind: 'export', api: 'ords' }, 2);
    const expose = createExposition(metrics, async () => undefined);
    const before = await expose('prometheus');
    const open = await expose('openmetrics');
    assert.match(open, /^# TYPE pumphouse_jobs_created counter$/m);
    assert.match(open, /^# HELP pumphouse_jobs_created Jobs/m);
    assert.match(open, /^pumphouse_jobs_created_total\{kind="export",api="ords"\} 2$/m);
    assert.match(open, /^# TYPE process_cpu_seconds counter$/m);
    assert.ok(open.endsWith('\n# EOF\n'));
    assert.ok(!open.includes('\n\n'));
    const after = await expose('prometheus');
    assert.equal(
      linesOf(after, 'pumphouse_jobs_created_total').join(),
      linesOf(before, 'pumphouse_jobs_created_total').join(),
    );
    assert.match(after, /^# TYPE pumphouse_jobs_created_total counter$/m);
    assert.match(after, /^process_resident_memory_bytes \d+$/m);
  });
});
