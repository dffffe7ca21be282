import type { ClaimedTask, JobStore } from '../../src/jobs/job-store.ts';
import type { ClaimTimes } from './growing-store.ts';

/** Claims tasks of queued jobs, which are their plans, and completes them with nothing to do. */
export async function timeClaims(
  times: number,
  claimTask: () => Promise<ClaimedTask | null>,
  completeTask: JobStore['completeTask'],
): Promise<ClaimTimes> {
  const [claim, complete]: [number[], number[]] = [[], []];
  for (let at = 0; at < times; at += 1) {
    const began = performance.now();
    const claimed = await claimTask();
    const given = performance.now();
    if (claimed === null) throw new Error('There is no task left to claim.');
    await completeTask(claimed.lease, { result: null });
    claim.push(given - began);
    complete.push(performance.now() - given);
  }
  return { claim, complete };
}
