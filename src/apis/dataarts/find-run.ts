import type { Job } from '../../core/job.ts';
import type { Service } from '../../service/service.ts';
import type { Call } from './operation.ts';

/** Runs asked for at once. */
const pageLimit = 100;

/** The runs of a definition, or of all of a workspace; newest first. */
export async function* runsOf(
  service: Service,
  { context, workspace }: Pick<Call, 'context' | 'workspace'>,
  definition: string | null,
): AsyncGenerator<Job> {
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<Service['listRuns']>> = await service.listRuns(context, {
      workspace,
      limit: pageLimit,
      ...(definition === null ? {} : { definition }),
      ...(cursor === null ? {} : { cursor }),
    });
    yield* page.jobs;
    cursor = page.nextCursor;
  } while (cursor !== null);
}

/** The run of a definition that has this number as `instanceId`; null: there is none. */
export async function findRun(
  service: Service,
  call: Call,
  definition: string,
  instanceId: string,
): Promise<Job | null> {
  if (!/^\d{1,15}$/.test(instanceId)) return null;
  for await (const run of runsOf(service, call, definition)) {
    if (run.seq <= Number(instanceId)) return run.seq === Number(instanceId) ? run : null;
  }
  return null;
}
