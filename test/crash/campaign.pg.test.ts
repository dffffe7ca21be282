import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../harness/random.ts';
import { runCampaign } from './campaign/campaign.ts';

/** A short campaign; the long ones are `npm run test:crash`. Prints its seed; PUMPHOUSE_TEST_SEED repeats it. */
const { seed } = createRandom();
const rounds = 3;

test(`exports, imports and copies that are killed and frozen at random moments lose nothing and double nothing (seed ${seed})`, async (t) => {
  const outcomes = await runCampaign({ seed, rounds, tell: (line) => t.diagnostic(line) });
  assert.equal(outcomes.length, rounds);
});
