import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isTimeZone } from '../../../core/cron.ts';
import { offsetOf, ownTimeZone, theirTimeZone, timeOf, timeText } from './times.ts';

it('times have offsets of two digits, and of other forms', () => {
  const moment = Date.UTC(2018, 9, 22, 15, 59, 59);
  const forms = [
    '2018-10-22T23:59:59+08',
    '2018-10-22T23:59:59+0800',
    '2018-10-22T23:59:59+08:00',
    '2018-10-22T15:59:59Z',
    '2018-10-22 15:59:59',
    '2018-10-22T21:29:59+0530',
  ];
  for (const text of forms) assert.equal(timeOf(text), moment, text);
  for (const text of ['', 'now', '2018-10-22', '2018-13-22T23:59:59+08', '2018-10-22T23:59:59+8'])
    assert.equal(timeOf(text), null, text);
  assert.equal(timeText(moment), '2018-10-22T15:59:59+00');
  assert.deepEqual(forms.map(offsetOf), ['+08', '+0800', '+08:00', '', '', '+0530']);
});

it('zones by their offset are zones of ours', () => {
  const pairs = [
    ['GMT+8', 'Etc/GMT-8'],
    ['GMT-3', 'Etc/GMT+3'],
    ['GMT+0', 'UTC'],
    ['GMT+5:30', 'Asia/Kolkata'],
    ['Europe/Zurich', 'Europe/Zurich'],
  ] as const;
  for (const [theirs, ours] of pairs) {
    assert.equal(ownTimeZone(theirs), ours);
    assert.equal(theirTimeZone(ours), theirs);
    assert.ok(isTimeZone(ours), ours);
  }
  for (const [theirs, ours] of [
    ['GMT', 'UTC'],
    ['UTC+08', 'Etc/GMT-8'],
    ['GMT+08:00', 'Etc/GMT-8'],
    ['gmt+0800', 'Etc/GMT-8'],
  ] as const)
    assert.equal(ownTimeZone(theirs), ours);
  // What is no zone is left to be refused.
  assert.equal(ownTimeZone('GMT+5:17'), 'GMT+5:17');
  assert.ok(!isTimeZone('GMT+5:17'));
});
