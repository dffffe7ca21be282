import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../core/errors.ts';
import { createOutageWatch } from './outage.ts';

const minute = 60_000;
const gone = new AppError('database-unreachable', { message: 'The server is gone.' });

/** A watch with a patience of three minutes, and its clock. */
function watch() {
  const clock = { time: 1_000_000, now: () => clock.time };
  const policy = { patienceMs: 3 * minute, firstDelayMs: 1_000, maxDelayMs: 5_000 };
  const outages = createOutageWatch(policy, clock);
  /** An attempt of the task that lasts so long, and then meets an outage. */
  const attempt = (task: string, lastsMs: number) => {
    const startedAt = clock.time;
    clock.time += lastsMs;
    const wait = outages.met(task, startedAt, task, gone);
    if (wait !== null) clock.time = wait.until;
    return wait;
  };
  return { clock, outages, attempt };
}

describe('outage watch', () => {
  it('is patient as long as the policy says with attempts that come to nothing', () => {
    const { clock, attempt } = watch();
    const begin = clock.time;
    while (attempt('a', 100) !== null) assert.ok(clock.time - begin < 4 * minute);
    assert.ok(clock.time - begin >= 3 * minute);
  });

  it('takes what a long attempt meets for another outage, told of anew', () => {
    const { outages, clock, attempt } = watch();
    assert.notEqual(attempt('index', 60 * minute)?.line, null);
    assert.equal(attempt('index', 100)?.line, null);
    const again = attempt('index', 60 * minute);
    assert.match(again?.line?.message ?? '', /tries again for 180 s/);
    assert.match(outages.passed('index', clock.time)?.message ?? '', /goes on after 1 s/);
  });

  it('does not wait for ever for a server that goes down in each attempt of a task', () => {
    const { attempt } = watch();
    for (let round = 0; round < 5; round += 1) assert.notEqual(attempt('a', 10 * minute), null);
    assert.equal(attempt('a', 10 * minute), null);
  });
});
