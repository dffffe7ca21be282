import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nextTime } from './cron.ts';

const zones = [
  'UTC',
  'Europe/Zurich',
  'America/New_York',
  'America/Sao_Paulo',
  'Australia/Lord_Howe',
  'Asia/Tehran',
  'Africa/Cairo',
  'Asia/Kathmandu',
];

/** The wall clock of a zone: its day, and the minutes since its midnight. */
function wallClock(zone: string): (time: number) => { readonly day: string; readonly minute: number } {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  });
  return (time) => {
    const [day = '', clock = ''] = format.format(time).split(', ');
    const [hour = 0, minute = 0] = clock.split(':').map(Number);
    return { day, minute: hour * 60 + minute };
  };
}

test('a daily time comes once on every day of every zone: at its time, or right after the gap that holds it', () => {
  const anyTime = fc.record({
    zone: fc.constantFrom(...zones),
    year: fc.integer({ min: 2008, max: 2027 }),
    // Clocks are changed at night.
    hour: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 23 })),
    minute: fc.integer({ min: 0, max: 59 }),
  });
  fc.assert(
    fc.property(anyTime, ({ zone, year, hour, minute }) => {
      const rule = {
        cron: `${minute} ${hour} * * *`,
        timeZone: zone,
        startAt: null,
        endAt: null,
        missed: 'once',
        overlap: 'skip',
      } as const;
      const at = wallClock(zone);
      const days: string[] = [];
      let time = nextTime(rule, Date.UTC(year, 0, 2));
      const end = Date.UTC(year, 11, 31);
      while (time !== null && time < end) {
        const { day, minute: shown } = at(time);
        days.push(day);
        if (shown !== hour * 60 + minute) {
          // The clock jumped over it in this very minute.
          const before = at(time - 60_000);
          assert.ok(before.day <= day && shown > hour * 60 + minute, `${zone} ${day}`);
          assert.ok(before.day < day || before.minute < hour * 60 + minute, `${zone} ${day}`);
        }
        time = nextTime(rule, time);
      }
      const first = Date.parse(days[0] ?? '');
      assert.deepEqual(
        days,
        days.map((_, index) => new Date(first + index * 86_400_000).toISOString().slice(0, 10)),
      );
    }),
    { numRuns: 12 },
  );
});
