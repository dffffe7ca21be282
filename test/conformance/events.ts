import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NewEvent } from '../../src/core/event.ts';
import type { EventStore } from '../../src/jobs/event-store.ts';

export interface EventsUnderTest extends AsyncDisposable {
  readonly events: EventStore;
  now(): number;
  advance(ms: number): void;
}

const leaseMs = 1000;
const quiet = { deliver: false };
const loud = { deliver: true };

const event = (key: string, changes: Partial<NewEvent> = {}): NewEvent => ({
  type: 'backup.completed',
  message: `The backup ${key} completed.`,
  database: 'orders',
  jobId: 'j',
  data: { bytes: 3_000_000_000, tag: 'TAG20260213T021840' },
  key,
  ...changes,
});

/** Every promise of src/jobs/event-store.ts. */
export function eventConformance(name: string, open: () => Promise<EventsUnderTest>): void {
  describe(`events: ${name}`, () => {
    it('are written once per key, and numbered in order', async () => {
      await using store = await open();
      const { events } = store;
      const first = await events.addEvent(event('a'), quiet);
      assert.deepEqual(first, { ...event('a'), seq: 1, at: store.now() });
      store.advance(5);
      assert.deepEqual(await events.addEvent(event('a', { message: 'again' }), loud), first);
      assert.equal(await events.claimDelivery(leaseMs), null);
      const raced = await Promise.all(Array.from({ length: 5 }, () => events.addEvent(event('b'), quiet)));
      assert.equal(new Set(raced.map(({ seq }) => seq)).size, 1);
      assert.equal((await events.listEvents({ afterSeq: 0, limit: 10 })).length, 2);
    });

    it('are listed after a number, of some databases', async () => {
      await using store = await open();
      const { events } = store;
      for (const [key, database] of [
        ['a', 'orders'],
        ['b', 'stock'],
        ['c', null],
        ['d', 'orders'],
      ] as const) {
        await events.addEvent(event(key, { database }), quiet);
      }
      const keys = async (filter: Partial<Parameters<EventStore['listEvents']>[0]>) =>
        (await events.listEvents({ afterSeq: 0, limit: 10, ...filter })).map(({ key }) => key).join('');
      assert.equal(await keys({}), 'abcd');
      assert.equal(await keys({ limit: 2 }), 'ab');
      const [, second] = await events.listEvents({ afterSeq: 0, limit: 2 });
      assert.equal(await keys({ afterSeq: second?.seq ?? 0 }), 'cd');
      assert.equal(await keys({ databases: ['orders'] }), 'ad');
      assert.equal(await keys({ databases: ['orders', 'stock'], afterSeq: 1 }), 'bd');
      assert.equal(await keys({ databases: [] }), '');
    });

    it('are delivered by one at a time, the longest due first, and by another when the lease is over', async () => {
      await using store = await open();
      const { events } = store;
      const first = await events.addEvent(event('a'), loud);
      store.advance(1);
      const second = await events.addEvent(event('b'), loud);
      await events.addEvent(event('c'), quiet);
      assert.deepEqual(await events.claimDelivery(leaseMs), { event: first, attempt: 1, taken: [] });
      assert.deepEqual(await events.claimDelivery(leaseMs), { event: second, attempt: 1, taken: [] });
      assert.equal(await events.claimDelivery(leaseMs), null);
      store.advance(leaseMs);
      assert.deepEqual(await events.claimDelivery(leaseMs), { event: first, attempt: 2, taken: [] });
    });

    it('are due again when they ask for it, and an old claim decides nothing', async () => {
      await using store = await open();
      const { events } = store;
      const sent = await events.addEvent(event('a'), loud);
      const old = await events.claimDelivery(leaseMs);
      assert.ok(old);
      store.advance(leaseMs);
      const current = await events.claimDelivery(leaseMs);
      assert.ok(current);
      await events.settleDelivery(old, null);
      await events.settleDelivery({ ...current, taken: ['mail'] }, store.now() + 500);
      assert.equal(await events.claimDelivery(leaseMs), null);
      store.advance(500);
      const third = await events.claimDelivery(leaseMs);
      assert.deepEqual(
        third,
        { event: sent, attempt: 3, taken: ['mail'] },
        'whoever claims it knows who has it',
      );
      await events.settleDelivery(third, null);
      await events.settleDelivery(third, store.now());
      store.advance(10 * leaseMs);
      assert.equal(await events.claimDelivery(leaseMs), null, 'what was settled stays so');
    });

    it('are removed once they are old and delivered; numbers are not used again', async () => {
      await using store = await open();
      const { events } = store;
      await events.addEvent(event('waits'), loud);
      await events.addEvent(event('old'), quiet);
      store.advance(1000);
      const young = await events.addEvent(event('young'), quiet);
      await events.pruneEvents(store.now());
      const left = await events.listEvents({ afterSeq: 0, limit: 10 });
      assert.deepEqual(
        left.map(({ key }) => key),
        ['waits', 'young'],
      );
      store.advance(1);
      await events.pruneEvents(store.now());
      assert.ok((await events.addEvent(event('next'), quiet)).seq > young.seq);
    });
  });
}
