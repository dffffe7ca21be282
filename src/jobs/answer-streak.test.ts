import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createMemoryLog } from '../../test/harness/http-fixture.ts';
import { createAnswerStreak } from './answer-streak.ts';

it('lasts from the first answer to the last, and begins anew after a failure and after a gap', () => {
  let time = 0;
  const { log } = createMemoryLog();
  const streak = createAnswerStreak({ who: 'it', log, gapMs: 10, now: () => time });
  assert.equal(streak.lastsMs(), 0);
  for (const moment of [0, 10, 19]) {
    time = moment;
    streak.answered();
  }
  assert.equal(streak.lastsMs(), 19);
  time = 29;
  assert.equal(streak.lastsMs(), 19);
  time = 30;
  assert.equal(streak.lastsMs(), 0, 'nothing was heard for longer than the gap');
  streak.answered();
  time = 35;
  streak.answered();
  assert.equal(streak.lastsMs(), 5);
  streak.failed(new Error('no'));
  assert.equal(streak.lastsMs(), 0);
});

it('tells once that somebody is away, and once that he is back', () => {
  const { log, lines } = createMemoryLog();
  const streak = createAnswerStreak({ who: 'the store', log, gapMs: 10 });
  streak.answered();
  streak.failed(Object.assign(new Error('reset'), { code: 'ECONNRESET', detail: 'secret' }));
  streak.failed(new Error('refused'));
  streak.answered();
  streak.answered();
  assert.deepEqual(
    lines.filter(({ level }) => level !== 'debug'),
    [
      {
        level: 'warn',
        message: 'the store does not answer; trying again',
        data: { reason: 'reset (ECONNRESET)' },
      },
      { level: 'info', message: 'the store answers again', data: {} },
    ],
  );
});
