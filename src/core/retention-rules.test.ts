import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { naiveRetention } from '../../test/harness/naive-retention.ts';
import type { Backup, BackupProof, RetentionRules } from './backup.ts';
import { planRetention } from './retention-rules.ts';

const noRules: RetentionRules = {
  keepLast: null,
  keepDaily: null,
  keepWeekly: null,
  keepMonthly: null,
  keepDays: null,
  timeZone: 'UTC',
};
const now = Date.parse('2026-03-31T12:00:00Z');

const proof = (ok: boolean): BackupProof => ({ method: 'digest', at: now, ok, message: '', jobId: 'v' });

function backup(id: number, at: string | number, changes: Partial<Backup> = {}): Backup {
  const time = typeof at === 'number' ? at : Date.parse(at);
  return {
    id,
    database: 'orders',
    engine: 'sqlite',
    tag: `TAG${id}`,
    state: 'completed',
    jobId: `job${id}`,
    location: { type: 'directory', directory: 'DATA_PUMP_DIR' },
    filePattern: `BACKUP_orders_${id}`,
    encryptionKey: null,
    keepForever: false,
    startedAt: time,
    completedAt: changes.state === 'failed' ? null : time,
    bytes: 1,
    rows: 1,
    position: null,
    error: null,
    proofs: [],
    deletedAt: null,
    deletedReason: null,
    ...changes,
  };
}

const kept = (backups: readonly Backup[], rules: Partial<RetentionRules>, at = now) =>
  planRetention(backups, { ...noRules, ...rules }, at).keep.map(({ backup }) => backup.id);

const daily = Array.from({ length: 40 }, (_, day) => backup(day + 1, now - (39 - day) * 86_400_000));

test('without a rule everything stays, the failed too', () => {
  const all = [...daily, backup(50, now, { state: 'failed' }), backup(51, now, { proofs: [proof(false)] })];
  assert.equal(kept(all, {}).length, all.length);
});

test('the newest n stay', () => {
  assert.deepEqual(kept(daily, { keepLast: 3 }), [40, 39, 38]);
});

test('the newest of each day, week and month stands for it, and a backup stays when any rule wants it', () => {
  // 31 March 2026 is a Tuesday.
  assert.deepEqual(kept(daily, { keepWeekly: 3 }), [40, 38, 31]);
  assert.deepEqual(kept(daily, { keepMonthly: 5 }), [40, 9]);
  assert.deepEqual(kept(daily, { keepDaily: 2, keepMonthly: 2, keepLast: 1 }), [40, 39, 9]);
  const twice = [backup(1, '2026-03-30T01:00:00Z'), backup(2, '2026-03-30T23:00:00Z'), backup(3, now)];
  assert.deepEqual(kept(twice, { keepDaily: 2 }), [3, 2]);
});

test('periods that have no backup do not count', () => {
  const rare = ['2025-06-01', '2025-11-05', '2026-03-01'].map((day, index) =>
    backup(index + 1, `${day}T00:00:00Z`),
  );
  assert.deepEqual(kept(rare, { keepMonthly: 2 }), [3, 2]);
});

test('days begin and end in the time zone of the rules, also where the clocks change', () => {
  // 28 March, 23:30 UTC is the 29th in Zurich, whose 29th has 23 hours.
  const night = [backup(1, '2026-03-28T23:30:00Z'), backup(2, '2026-03-29T21:30:00Z')];
  assert.deepEqual(kept(night, { keepDaily: 2, timeZone: 'UTC' }), [2, 1]);
  assert.deepEqual(kept(night, { keepDaily: 2, timeZone: 'Europe/Zurich' }), [2]);
  // Sunday evening in New York is Monday in UTC.
  const week = [backup(1, '2026-03-29T20:00:00Z'), backup(2, '2026-03-30T02:00:00Z')];
  assert.deepEqual(kept(week, { keepWeekly: 2, timeZone: 'UTC' }), [2, 1]);
  assert.deepEqual(kept(week, { keepWeekly: 2, timeZone: 'America/New_York' }), [2]);
});

test('all that are younger than n days stay', () => {
  assert.deepEqual(kept(daily, { keepDays: 2 }), [40, 39]);
  assert.deepEqual(kept([backup(1, now - 2 * 86_400_000), backup(2, now)], { keepDays: 2 }), [2]);
});

test('those that are kept for ever stay, and take no place of others', () => {
  const all = [
    backup(1, now - 3),
    backup(2, now - 2, { keepForever: true }),
    backup(3, now - 1),
    backup(4, now),
  ];
  assert.deepEqual(kept(all, { keepLast: 1 }), [4, 2]);
});

test('the newest good one stays, whatever the rules say and however old it is', () => {
  const old = [
    backup(1, '2020-01-01T00:00:00Z'),
    backup(2, '2021-01-01T00:00:00Z', { proofs: [proof(true)] }),
    backup(3, '2022-01-01T00:00:00Z', { proofs: [proof(true), proof(false)] }),
  ];
  assert.deepEqual(kept(old, { keepDays: 1 }), [3, 2]);
  assert.deepEqual(kept(old, { keepLast: 0 }), [3, 2]);
});

test('a damaged or failed one takes no place of a good one, and goes when a good one follows', () => {
  const all = [
    backup(1, now - 5),
    backup(2, now - 4, { proofs: [proof(false)] }),
    backup(3, now - 3, { state: 'failed' }),
    backup(4, now - 2),
    backup(5, now - 1, { proofs: [proof(false)] }),
    backup(6, now, { state: 'failed' }),
  ];
  const plan = planRetention(all, { ...noRules, keepLast: 2 }, now);
  assert.deepEqual(
    plan.keep.map(({ backup }) => backup.id),
    [6, 5, 4, 1],
  );
  assert.deepEqual(
    plan.remove.map(({ backup, reason }) => [backup.id, reason]),
    [
      [3, 'retention: it failed, and a backup after it is good'],
      [2, 'retention: it is damaged, and a backup after it is good'],
    ],
  );
});

test('what is being made or removed is left alone', () => {
  const states = ['running', 'deleting', 'deleted'] as const;
  const others = states.map((state, index) => backup(index + 1, now - 10 + index, { state }));
  const plan = planRetention([...others, backup(9, now)], { ...noRules, keepLast: 1 }, now);
  assert.deepEqual([plan.keep.map(({ backup }) => backup.id), plan.remove], [[9], []]);
});

test('each decision says why', () => {
  const plan = planRetention(daily.slice(-9), { ...noRules, keepLast: 1, keepWeekly: 2 }, now);
  assert.deepEqual(plan.keep[0]?.reasons, [
    'keep-last 1',
    'keep-weekly 2: the newest of its week',
    'the newest good backup',
  ]);
  assert.deepEqual(plan.keep[1]?.reasons, ['keep-weekly 2: the newest of its week']);
  assert.equal(plan.remove[0]?.reason, 'retention: no rule keeps it (keep-last 1, keep-weekly 2)');
});

const count = fc.option(fc.integer({ min: 0, max: 9 }), { nil: null });
const anyRules: fc.Arbitrary<RetentionRules> = fc.record({
  keepLast: count,
  keepDaily: count,
  keepWeekly: count,
  keepMonthly: count,
  keepDays: fc.option(fc.integer({ min: 0, max: 90 }), { nil: null }),
  timeZone: fc.constantFrom('UTC', 'Europe/Zurich', 'America/St_Johns', 'Pacific/Auckland', 'Asia/Kolkata'),
});
const anyBackups = fc.array(
  fc.record({
    hoursAgo: fc.integer({ min: 0, max: 24 * 150 }),
    kind: fc.constantFrom('good', 'good', 'good', 'proved', 'damaged', 'failed', 'running', 'deleted'),
    keepForever: fc.boolean().map((value) => value),
  }),
  { maxLength: 60 },
);

test('the rules keep exactly what a naive model of them keeps', () => {
  fc.assert(
    fc.property(anyRules, anyBackups, (rules, drafts) => {
      const backups = drafts.map(({ hoursAgo, kind, keepForever }, index) => {
        const state = kind === 'failed' || kind === 'running' || kind === 'deleted' ? kind : 'completed';
        const proofs = kind === 'proved' ? [proof(true)] : kind === 'damaged' ? [proof(false)] : [];
        return backup(index + 1, now - hoursAgo * 3_600_000, {
          state,
          proofs,
          keepForever: keepForever && index % 7 === 0,
        });
      });
      const plan = planRetention(backups, rules, now);
      const ids = (entries: readonly { readonly backup: Backup }[]) =>
        entries.map(({ backup }) => backup.id).sort((a, b) => a - b);
      const expected = naiveRetention(backups, rules, now);
      assert.deepEqual(ids(plan.keep), expected.keep);
      assert.deepEqual(ids(plan.remove), expected.remove);
      const survivors = new Set(expected.keep);
      const good = backups.filter((each) => each.state === 'completed' && each.proofs.at(-1)?.ok !== false);
      assert.ok(good.length === 0 || good.some(({ id }) => survivors.has(id)), 'a good one stays');
    }),
    { numRuns: 300 },
  );
});
