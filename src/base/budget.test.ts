import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createBudget } from './budget.ts';

const never = new AbortController().signal;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('budget', () => {
  it('gives what is free at once, and the rest when it comes back', async () => {
    const budget = createBudget(10);
    const first = await budget.take(6, never);
    const second = await budget.take(4, never);
    let third = false;
    const waiting = budget.take(1, never).then(() => {
      third = true;
    });
    await turn();
    assert.equal(third, false);
    second();
    await waiting;
    first();
  });

  it('serves in the order of coming: a small one does not overtake a large one', async () => {
    const budget = createBudget(10);
    const first = await budget.take(5, never);
    const served: string[] = [];
    const large = budget.take(8, never).then((release) => {
      served.push('large');
      release();
    });
    const small = budget.take(1, never).then(() => served.push('small'));
    await turn();
    assert.deepEqual(served, []);
    first();
    await Promise.all([large, small]);
    assert.deepEqual(served, ['large', 'small']);
  });

  it('more than there is counts as all there is', async () => {
    const budget = createBudget(10);
    const release = await budget.take(1000, never);
    release();
    await budget.take(10, never);
  });

  it('gives back once, however often it is called', async () => {
    const budget = createBudget(10);
    const release = await budget.take(5, never);
    release();
    release();
    await budget.take(10, never);
    let more = false;
    void budget.take(1, never).then(() => {
      more = true;
    });
    await turn();
    assert.equal(more, false);
  });

  it('who gives up leaves the queue to the next', async () => {
    const budget = createBudget(10);
    await budget.take(5, never);
    const stopping = new AbortController();
    const large = budget.take(10, stopping.signal);
    const small = budget.take(5, never);
    const reason = new Error('enough');
    stopping.abort(reason);
    await assert.rejects(large, reason);
    await small;
    await assert.rejects(budget.take(1, stopping.signal), reason);
  });

  it('never gives more than there is, serves everybody, and is whole again in the end', async () => {
    const claim = fc.record({
      amount: fc.integer({ min: 0, max: 15 }),
      gives: fc.boolean(),
      turns: fc.nat(3),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(claim, { maxLength: 30 }), async (claims) => {
        const budget = createBudget(10);
        let taken = 0;
        await Promise.all(
          claims.map(async ({ amount, gives, turns }) => {
            const stopping = new AbortController();
            const asked = budget.take(amount, stopping.signal);
            if (gives) stopping.abort(new Error('gives up'));
            let release: () => void;
            try {
              release = await asked;
            } catch {
              return;
            }
            taken += Math.min(amount, 10);
            assert.ok(taken <= 10, `${taken} taken`);
            for (let each = 0; each < turns; each += 1) await turn();
            taken -= Math.min(amount, 10);
            release();
          }),
        );
        (await budget.take(10, never))();
      }),
      { numRuns: 50 },
    );
  });
});
