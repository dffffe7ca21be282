import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { nextTime } from '../../../core/cron.ts';
import { ownCron, theirCron } from './cron.ts';

const pairs = [
  ['0 20 1 * * ?', '0 20 1 * * ?'],
  ['0 0/5 * * * ?', '0 0-59/5 * * * ?'],
  ['0 0-59/5 * * * ?', '0 0-59/5 * * * ?'],
  ['0 15 7 ? * 1', '0 15 7 ? * 0'],
  ['0 15 7 ? * 2-6', '0 15 7 ? * 1-5'],
  ['0 15 7 ? * 1,7', '0 15 7 ? * 0,6'],
  ['0 15 7 ? * MON-FRI', '0 15 7 ? * MON-FRI'],
  ['0 15 7 ? * 6#3', '0 15 7 ? * 5#3'],
  ['0 15 7 ? * 6L', '0 15 7 ? * 5L'],
  ['0 0 0 L * ?', '0 0 0 L * ?'],
  ['0 0 0 1/2 * ?', '0 0 0 1-31/2 * ?'],
] as const;

it('days of the week count from 1, Sunday, and steps have a start', () => {
  for (const [theirs, ours] of pairs) {
    assert.equal(ownCron(theirs), ours);
    const rule = {
      cron: ours,
      timeZone: 'UTC',
      startAt: null,
      endAt: null,
      missed: 'skip',
      overlap: 'skip',
    } as const;
    assert.notEqual(nextTime(rule, 0), null, ours);
  }
});

it('other numbers of fields are no cron line of the contract', () => {
  for (const line of ['', '* * * * *', '0 0 0 * * ? 2026']) assert.equal(ownCron(line), null, line);
});

it('lines of ours are told so that they mean the same', () => {
  assert.equal(theirCron('20 1 * * *'), '0 20 1 * * ?');
  assert.equal(theirCron('20 1 * * 0'), '0 20 1 ? * 1');
  assert.equal(theirCron('20 1 * * 7'), '0 20 1 ? * 1');
  assert.equal(theirCron('5 20 1 ? * 1-5'), '5 20 1 ? * 2-6');
  assert.equal(theirCron('5 20 1 ? * 5#L'), '5 20 1 ? * 6L');
  const number = (last: number) => fc.integer({ min: 0, max: last }).map(String);
  const line = fc.tuple(
    number(59),
    number(23),
    fc.constantFrom('*', '1', '28'),
    fc.constantFrom('*', '0', '3', '1-5'),
  );
  fc.assert(
    fc.property(line, ([minute, hour, day, weekday]) => {
      // Both kinds of days at once are beyond the contract.
      fc.pre(day === '*' || weekday === '*');
      const rule = { timeZone: 'UTC', startAt: null, endAt: null, missed: 'skip', overlap: 'skip' } as const;
      const cron = `${minute} ${hour} ${day} * ${weekday}`;
      const back = ownCron(theirCron(cron)) ?? '';
      assert.equal(nextTime({ ...rule, cron: back }, 0), nextTime({ ...rule, cron }, 0), `${cron}: ${back}`);
    }),
    { numRuns: 30 },
  );
});
