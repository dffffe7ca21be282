import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstTime, nextTime } from './cron.ts';
import type { ScheduleRule } from './schedule.ts';

const rule = (cron: string, timeZone = 'UTC', more: Partial<ScheduleRule> = {}): ScheduleRule => ({
  cron,
  timeZone,
  startAt: null,
  endAt: null,
  missed: 'once',
  overlap: 'skip',
  ...more,
});

/** The times after `after`, at most so many. */
function times(of: ScheduleRule, after: string, most: number): readonly string[] {
  const found: string[] = [];
  let at: number | null = Date.parse(after);
  while (found.length < most) {
    at = nextTime(of, at);
    if (at === null) break;
    found.push(new Date(at).toISOString());
  }
  return found;
}

const shown: readonly (readonly [
  what: string,
  rule: ScheduleRule,
  after: string,
  next: readonly string[],
])[] = [
  [
    'a time that does not exist comes right after the gap',
    rule('30 2 * * *', 'Europe/Zurich'),
    '2026-03-28T00:00:00Z',
    ['2026-03-28T01:30:00.000Z', '2026-03-29T01:00:00.000Z', '2026-03-30T00:30:00.000Z'],
  ],
  [
    'a time that exists twice comes once',
    rule('30 2 * * *', 'Europe/Zurich'),
    '2026-10-24T12:00:00Z',
    ['2026-10-25T00:30:00.000Z', '2026-10-26T01:30:00.000Z'],
  ],
  [
    'the times of a list that do not exist come together, right after the gap',
    rule('15,45 2 * * *', 'Europe/Zurich'),
    '2026-03-28T01:30:00Z',
    ['2026-03-28T01:45:00.000Z', '2026-03-29T01:00:00.000Z', '2026-03-30T00:15:00.000Z'],
  ],
  [
    'every hour is every hour, also in the night that has one more',
    rule('0 * * * *', 'Europe/Zurich'),
    '2026-10-24T23:30:00Z',
    ['2026-10-25T00:00:00.000Z', '2026-10-25T01:00:00.000Z', '2026-10-25T02:00:00.000Z'],
  ],
  [
    'six fields begin with seconds, and ? is *',
    rule('15 0 4 ? * MON'),
    '2026-11-21T09:30:07Z',
    ['2026-11-23T04:00:15.000Z', '2026-11-30T04:00:15.000Z'],
  ],
  [
    'bounds are part of the time that they hold',
    rule('0 3 * * *', 'UTC', {
      startAt: Date.parse('2026-12-01T03:00:00Z'),
      endAt: Date.parse('2026-12-02T03:00:00Z'),
    }),
    '2026-11-21T09:30:07Z',
    ['2026-12-01T03:00:00.000Z', '2026-12-02T03:00:00.000Z'],
  ],
  [
    'a start in the past changes nothing',
    rule('0 3 * * *', 'UTC', { startAt: 0 }),
    '2026-11-21T09:30:07.250Z',
    ['2026-11-22T03:00:00.000Z'],
  ],
];
for (const [what, of, after, next] of shown) {
  test(what, () => {
    const most = of.endAt === null ? next.length : next.length + 1;
    assert.deepEqual(times(of, after, most), next);
  });
}

test('what cannot be read, or never comes, is refused with its field', () => {
  const cases: readonly (readonly [ScheduleRule, field: string, message: RegExp])[] = [
    [rule('60 * * * *'), 'cron', /"60 \* \* \* \*" cannot be read: Invalid value for minute: 60\.$/],
    [rule(''), 'cron', /does not have five fields/],
    [rule('@daily'), 'cron', /five fields/],
    [rule('2026-12-01T00:00:00'), 'cron', /five fields/],
    [rule('* * * * * * 2030'), 'cron', /five fields/],
    [rule('0 3 * * *', 'Mars/Olympus'), 'time_zone', /no time zone "Mars\/Olympus"/],
    [rule('0 3 * * *', '+02:00'), 'time_zone', /no time zone/],
    [rule('0 3 * * *', ''), 'time_zone', /no time zone/],
    [rule('0 0 31 2 *'), 'cron', /never comes/],
    [rule('0 3 * * *', 'UTC', { endAt: 1 }), 'cron', /never comes/],
  ];
  for (const [wrong, field, message] of cases) {
    assert.throws(() => firstTime(wrong, Date.parse('2026-11-21T09:30:07Z')), {
      code: 'schedule-invalid',
      field,
      message,
    });
  }
});
