import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { createConnectionPool, type PooledConnection } from './connection-pool.ts';

interface Sample extends PooledConnection {
  isUsable: boolean;
  readonly calls: string[];
}

const sample = (): Sample => {
  const calls: string[] = [];
  return {
    isUsable: true,
    calls,
    rest: () => calls.push('rest'),
    wake: () => calls.push('wake'),
    destroy: () => calls.push('destroy'),
  };
};
const { signal } = new AbortController();

describe('connection pool', () => {
  it('uses an idle connection again, the last one first, and makes one when none is idle', async () => {
    const pool = createConnectionPool(async () => sample());
    const [one, two] = [await pool.take(signal), await pool.take(signal)];
    assert.notEqual(one, two);
    pool.giveBack(one);
    pool.giveBack(two);
    assert.equal(await pool.take(signal), two);
    assert.equal(await pool.take(signal), one);
    assert.deepEqual(one.calls, ['rest', 'wake']);
  });

  it('closes what is not fit for another call, when it is given back or later', async () => {
    const pool = createConnectionPool(async () => sample());
    const [one, two] = [await pool.take(signal), await pool.take(signal)];
    one.isUsable = false;
    pool.giveBack(one);
    pool.giveBack(two);
    two.isUsable = false;
    const three = await pool.take(signal);
    assert.ok(three !== one && three !== two);
    assert.deepEqual([one.calls, two.calls], [['destroy'], ['rest', 'destroy']]);
  });

  it('does not use a connection that was idle for long', async () => {
    const clock = mock.method(performance, 'now', () => 0);
    try {
      const pool = createConnectionPool(async () => sample(), 1000);
      const one = await pool.take(signal);
      pool.giveBack(one);
      clock.mock.mockImplementation(() => 1001);
      assert.notEqual(await pool.take(signal), one);
      assert.deepEqual(one.calls, ['rest', 'destroy']);
    } finally {
      clock.mock.restore();
    }
  });

  it('closes all that is idle, and then what is given back', async () => {
    const pool = createConnectionPool(async () => sample());
    const [one, two] = [await pool.take(signal), await pool.take(signal)];
    pool.giveBack(one);
    pool.close();
    pool.giveBack(two);
    assert.deepEqual([one.calls, two.calls], [['rest', 'destroy'], ['destroy']]);
  });

  it('gives nothing out after an abort', async () => {
    const pool = createConnectionPool(async () => sample());
    await assert.rejects(pool.take(AbortSignal.abort(new Error('stop'))), /stop/);
  });
});
