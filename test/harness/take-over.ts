import { setTimeout as sleep } from 'node:timers/promises';
import type { StoreView } from './cluster-store.ts';

/** What became of the tasks that ran when a fault came. */
export interface TakeOver {
  /** Milliseconds until the last of those that their owner did not finish was given out again; null: all were finished. */
  readonly ms: number | null;
  readonly givenOutAgain: number;
}

const pollMs = 25;
/** Longer than anything that is promised: what is slower shows as it is. */
const patienceMs = 120_000;

/**
 * Follows the tasks of a job that run at the moment until each has ended or was given out again. Call it right after the fault; `since` is
 * its time by `performance.now()`.
 */
export async function followTakeOver(view: StoreView, jobId: string, since: number): Promise<TakeOver> {
  let waiting = await view.running(jobId);
  let [ms, givenOutAgain]: [number | null, number] = [null, 0];
  while (waiting.length > 0 && performance.now() - since < patienceMs) {
    const now = await view.claims(jobId);
    const at = performance.now() - since;
    waiting = waiting.filter(({ key, claims }) => {
      const current = now.get(key);
      // Ended, or gone with the plan of a snapshot that was lost.
      if (current === undefined) return false;
      if (current === claims) return true;
      [ms, givenOutAgain] = [at, givenOutAgain + 1];
      return false;
    });
    await sleep(pollMs);
  }
  if (waiting.length > 0)
    throw new Error(`${waiting.map(({ key }) => key).join(', ')} of job ${jobId} stand still`);
  return { ms, givenOutAgain };
}
