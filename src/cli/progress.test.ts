import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { createProgressDisplay } from './progress.ts';

const figures = (state: string, percent: number, bytesDone: number) => ({
  state,
  percent,
  bytesDone,
  bytesTotal: 10_240,
  rowsDone: bytesDone / 2,
});

/** What the display prints on something that is no terminal, at a clock that the test moves. */
function plainDisplay() {
  const lines: string[] = [];
  const output = new Writable({
    decodeStrings: false,
    write(text: string, _encoding, done) {
      lines.push(text);
      done();
    },
  });
  const clock = { now: 0 };
  return { clock, lines, display: createProgressDisplay(output, 'JOB', () => clock.now) };
}

test('a line for each state and every two seconds, with the rate of the last ten', () => {
  const { clock, lines, display } = plainDisplay();
  display.update(figures('planning', 0, 0));
  clock.now = 1000;
  display.update(figures('executing', 10, 1024));
  clock.now = 1500;
  display.update(figures('executing', 15, 1536));
  clock.now = 3000;
  display.update(figures('executing', 30, 3072));
  clock.now = 14_000;
  display.update(figures('executing', 60, 6144));
  clock.now = 14_500;
  display.update(figures('completed', 100, 10_240));
  display.stop();
  assert.deepEqual(lines, [
    'JOB 0% planning | 0 B | 0 rows | 0 B/s | - left\n',
    'JOB 10% executing | 1.0 KB | 512 rows | 1.0 KB/s | 0:09 left\n',
    'JOB 30% executing | 3.0 KB | 1,536 rows | 1.0 KB/s | 0:07 left\n',
    'JOB 60% executing | 6.0 KB | 3,072 rows | 279 B/s | 0:15 left\n',
    'JOB 100% completed | 10.0 KB | 5,120 rows | 8.0 KB/s | 0:00 left\n',
  ]);
});
