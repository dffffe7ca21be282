import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from './random.ts';
import { type ServiceJob, type ServiceProcess, startServiceProcess } from './service-process.ts';

export interface KillPlan {
  readonly random: Random;
  /** Kills within one job; after them it is left to finish. */
  readonly kills: number;
  /** The longest wait before a kill. */
  readonly withinMs: number;
  /** Arguments of the services that follow. */
  readonly flags: readonly string[];
  /** Further variables of their environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What has to hold with the process dead; gets the job as it was just before. */
  readonly afterKill?: (before: ServiceJob) => Promise<void>;
}

/** Starts a job and kills the service at random moments of it; gives the finished job and the service that finished it. */
export async function runWithKills(
  first: ServiceProcess,
  body: Readonly<Record<string, unknown>>,
  { random, kills, withinMs, flags, environment = {}, afterKill }: KillPlan,
): Promise<{ readonly service: ServiceProcess; readonly job: ServiceJob; readonly midway: number }> {
  let service = first;
  let midway = 0;
  const { id } = await service.start(body);
  for (let kill = 0; kill < kills; kill += 1) {
    await sleep(random.between(0, withinMs));
    const before = await service.request<ServiceJob>('GET', `/api/v1/jobs/${id}`);
    if (before.state === 'executing') midway += 1;
    await service.kill();
    await afterKill?.(before);
    service = await startServiceProcess({ data: first.data, flags, environment });
    const found = await service.request<ServiceJob>('GET', `/api/v1/jobs/${id}`);
    assert.notEqual(
      found.state,
      'failed',
      `an accepted job must not be lost: ${JSON.stringify(found.error)}`,
    );
  }
  return { service, job: await service.settled(id), midway };
}
