import type { WorkspaceItem } from '../../core/definition.ts';
import type { Job } from '../../core/job.ts';
import type { Service } from '../../service/service.ts';
import { runsOf } from './find-run.ts';
import { instanceStatus } from './instance-view.ts';
import { jobText } from './item-text.ts';
import { type Body, isObject } from './members.ts';
import type { Call } from './operation.ts';
import { pageOf, pick, textIn } from './paging.ts';
import { badRequest } from './refusal.ts';
import { processTypeOf } from './translate/job-from-json.ts';

const mostJobs = 100;
/** Older runs are asked for by their instances. */
const mostRunsSeen = 1000;

type Json = Readonly<Record<string, unknown>>;
interface Listed {
  readonly item: WorkspaceItem<'definition'>;
  readonly body: Body;
}

/** The part of the jobs that a query asks for; `total` counts all that it fits. */
export async function jobList(
  service: Service,
  { context, workspace, request: { query } }: Call,
): Promise<{ readonly total: number; readonly jobs: readonly Json[] }> {
  const type = textIn(query, 'jobType') ?? 'BATCH';
  if (type !== 'BATCH' && type !== 'REAL_TIME') throw badRequest('jobType must be BATCH or REAL_TIME.');
  const part = textIn(query, 'jobName') ?? '';
  const wanted = (textIn(query, 'tags') ?? '').split(',').filter((tag) => tag !== '');
  const items = await service.listItems(context, workspace, 'definition');
  const found = items
    .map((item): Listed => ({ item, body: JSON.parse(jobText(item, item)) as Body }))
    .filter(({ item, body }) => item.name.includes(part) && processTypeOf(body) === type)
    .filter(({ body }) => wanted.length === 0 || tagsOf(body).some((tag) => wanted.includes(String(tag))));
  const last = await lastRuns(service, { context, workspace });
  const jobs: Json[] = [];
  for (const listed of pick(found, pageOf(query, mostJobs))) {
    const schedule = await service.getSchedule(context, workspace, listed.item.name);
    jobs.push(jobItem(listed, schedule !== null, last.get(listed.item.name)));
  }
  return { total: found.length, jobs };
}

/** The newest run of each job, by its name, among the newest runs of the workspace. */
async function lastRuns(
  service: Service,
  call: Pick<Call, 'context' | 'workspace'>,
): Promise<ReadonlyMap<string, Job>> {
  const last = new Map<string, Job>();
  let seen = 0;
  for await (const run of runsOf(service, call, null)) {
    if (run.request.kind === 'run' && !last.has(run.request.definitionName))
      last.set(run.request.definitionName, run);
    seen += 1;
    if (seen === mostRunsSeen) break;
  }
  return last;
}

function jobItem({ item, body }: Listed, isOn: boolean, last: Job | undefined): Json {
  const basic = isObject(body.basicConfig) ? body.basicConfig : {};
  const rule = item.content.schedule;
  return {
    name: item.name,
    jobType: processTypeOf(body),
    owner: basic.owner ?? item.createdBy,
    priority: basic.priority ?? 0,
    status: isOn ? 'SCHEDULING' : 'STOPPED',
    createUser: item.createdBy,
    createTime: item.createdAt,
    ...(rule?.startAt == null ? {} : { startTime: rule.startAt }),
    ...(rule?.endAt == null ? {} : { endTime: rule.endAt }),
    ...(last === undefined ? {} : { lastInstanceStatus: instanceStatus(last) }),
    ...(last?.finishedAt == null ? {} : { lastInstanceEndTime: last.finishedAt }),
    lastUpdateTime: item.updatedAt,
    lastUpdateUser: item.updatedBy,
    path: directoryOf(body),
    singleNodeJobFlag: body.singleNodeJobFlag === true,
  };
}

/** The folder of a thing in the tree that the original shows. */
export const directoryOf = (body: Body): string =>
  typeof body.directory === 'string' && body.directory !== '' ? body.directory : '/';

const tagsOf = ({ basicConfig }: Body): readonly unknown[] =>
  isObject(basicConfig) && Array.isArray(basicConfig.tags) ? basicConfig.tags : [];
