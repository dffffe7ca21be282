import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MissedRuns, Overlap, Schedule } from '../core/schedule.ts';
import { type Decision, decide } from './due-times.ts';

const minuteMs = 60_000;

/** What becomes of the minutes 1 to `now`, all of which have come, in minutes. */
function decided(
  now: number,
  rule: { readonly missed?: MissedRuns; readonly overlap?: Overlap },
  standing: { readonly waiting?: number; readonly isBusy?: boolean } = {},
) {
  const schedule: Schedule = {
    id: 's',
    subject: { type: 'backup', database: 'orders' },
    rule: {
      cron: '* * * * *',
      timeZone: 'UTC',
      startAt: null,
      endAt: null,
      missed: 'once',
      overlap: 'skip',
      ...rule,
    },
    params: {},
    owner: 'scott',
    api: 'native',
    nextAt: minuteMs,
    lastAt: null,
    version: 1,
  };
  const decision: Decision = decide(schedule, now * minuteMs, {
    next: (after) => (Math.floor(after / minuteMs) + 1) * minuteMs,
    waiting: 0,
    isBusy: false,
    ...standing,
  });
  assert.equal(decision.nextAt, (Math.floor(now) + 1) * minuteMs);
  assert.equal(decision.lastAt, Math.floor(now) * minuteMs);
  return {
    runs: decision.runs.map((time) => time / minuteMs),
    skipped: decision.skipped.map(({ reason, from, to, count }) => [
      reason,
      from / minuteMs,
      to / minuteMs,
      count,
    ]),
  };
}

describe('times that have come', () => {
  it('begin when nothing is in their way', () => {
    assert.deepEqual(decided(1, {}), { runs: [1], skipped: [] });
    assert.deepEqual(decided(1.5, { missed: 'skip' }), { runs: [1], skipped: [] });
  });

  it('are left out or wait while the run before them works', () => {
    for (const standing of [{ isBusy: true }, { isBusy: true, waiting: 1 }]) {
      assert.deepEqual(decided(1, { overlap: 'skip' }, standing), {
        runs: [],
        skipped: [['overlap', 1, 1, 1]],
      });
      assert.deepEqual(decided(1, { overlap: 'queue' }, standing), { runs: [1], skipped: [] });
    }
  });

  it('overlap each other when several come at once', () => {
    assert.deepEqual(decided(2, { missed: 'skip', overlap: 'skip' }), {
      runs: [1],
      skipped: [['overlap', 2, 2, 1]],
    });
    assert.deepEqual(decided(2, { missed: 'skip', overlap: 'queue' }).runs, [1, 2]);
  });

  it('do not wait without end', () => {
    const full = { isBusy: true, waiting: 1000 };
    assert.deepEqual(decided(1, { overlap: 'queue' }, full), { runs: [], skipped: [['overlap', 1, 1, 1]] });
    assert.deepEqual(decided(5, { missed: 'all', overlap: 'queue' }, { isBusy: true, waiting: 998 }), {
      runs: [2, 3],
      skipped: [
        ['missed', 1, 1, 1],
        ['overlap', 4, 5, 2],
      ],
    });
  });
});

describe('times that were missed', () => {
  // At minute 10.5, of the minutes 1 to 10 the last came just now.
  it('have no run, when the rule wants none', () => {
    assert.deepEqual(decided(10.5, { missed: 'skip' }), { runs: [10], skipped: [['missed', 1, 9, 9]] });
  });

  it('have one run together, which one that came just now can be', () => {
    assert.deepEqual(decided(10.5, { missed: 'once' }), { runs: [10], skipped: [['missed', 1, 9, 9]] });
    assert.deepEqual(decided(10.5, { missed: 'once' }, { isBusy: true }), {
      runs: [],
      skipped: [
        ['missed', 1, 9, 9],
        ['overlap', 10, 10, 1],
      ],
    });
  });

  it('have one each, which wait for each other whatever the rule says of overlaps', () => {
    assert.deepEqual(decided(4.5, { missed: 'all', overlap: 'skip' }), {
      runs: [1, 2, 3],
      skipped: [['overlap', 4, 4, 1]],
    });
    assert.deepEqual(decided(4.5, { missed: 'all', overlap: 'queue' }, { isBusy: true }).runs, [1, 2, 3, 4]);
  });

  it('are not all looked at after years', () => {
    const { runs, skipped } = decided(10_000_000.5, { missed: 'all', overlap: 'queue' });
    assert.deepEqual([runs.length, runs.at(0), runs.at(-1)], [1000, 1001, 2000]);
    assert.deepEqual(skipped, [
      ['missed', 1, 1000, 1000],
      ['overlap', 10_000_000, 10_000_000, 1],
    ]);
  });
});
