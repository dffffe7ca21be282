import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activityDate, dateText, readDate } from './dates.ts';

const at = Date.UTC(2016, 6, 23, 23, 4, 54, 517);

test('the printed forms', () => {
  assert.equal(dateText(at), '23-Jul-2016 23:04:54 UTC');
  assert.equal(dateText(Date.UTC(2026, 1, 4)), '04-Feb-2026 00:00:00 UTC');
  assert.equal(activityDate(Date.UTC(2016, 6, 27, 19, 2, 36, 517)), '2016-07-27T19:02:36.517+0000');
});

test('dates are read as they are printed, in any case, with or without the zone', () => {
  for (const text of ['23-Jul-2016 23:04:54', '23-JUL-2016 23:04:54 UTC', ' 23-jul-2016 23:04:54 '])
    assert.equal(readDate(text), at - 517, text);
  for (let month = 0; month < 12; month += 1) {
    const day = Date.UTC(2024, month, 28 + (month === 1 ? 1 : 0), 1, 2, 3);
    assert.equal(readDate(dateText(day)), day);
  }
});

test('what is no date is none', () => {
  const others = [
    '',
    '2016-07-23 23:04:54',
    '23-Jul-2016',
    '3-Jul-2016 23:04:54',
    '31-Feb-2016 23:04:54',
    '29-Feb-2015 00:00:00',
    '23-Juli-2016 23:04:54',
    '23-Xxx-2016 23:04:54',
    '23-Jul-2016 24:00:00',
    '23-Jul-2016 23:60:00',
    '23-Jul-2016 23:04:54 CET',
    '23-Jul-2016 23:04:54+01',
  ];
  for (const text of others) assert.equal(readDate(text), null, text);
});
