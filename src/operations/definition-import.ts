import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../base/clock.ts';
import type { Definition, NewItem, WorkspaceItem, WorkspaceItemKind } from '../core/definition.ts';
import { parametersAskedFor } from '../core/definition-check.ts';
import { AppError, toAppError, toErrorRecord } from '../core/errors.ts';
import { type Job, type NewJobLogEntry, unfinishedStates } from '../core/job.ts';
import type { DefinitionImportRequest } from '../core/request.ts';
import type { ScheduleSubject } from '../core/schedule.ts';
import type { JobHandler, TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { ClaimedTask, JobStore } from '../jobs/job-store.ts';
import type { WorkspaceChange, Workspaces } from '../registry/workspaces.ts';
import { plainTask } from './apply-tasks.ts';
import { logLine } from './log-lines.ts';

/** What imports of definitions are made of; app.ts brings it. */
export interface DefinitionImportParts {
  readonly workspaces: Pick<Workspaces, 'getItem' | 'changeWorkspace'>;
  readonly schedules: { getSchedule(subject: ScheduleSubject): Promise<object | null> };
  readonly jobs: Pick<JobStore, 'listJobs'>;
  /** Turns a definition's schedule on, as the job's owner, with the rights of now. */
  readonly startSchedule: (job: Job, workspace: string, definition: string) => Promise<void>;
  /** Throws `forbidden` where the job's owner, with the rights of now, may not change what is there already. */
  readonly authoriseOverwrite: (job: Job, item: Pick<WorkspaceItem, 'name' | 'createdBy'>) => Promise<void>;
  readonly clock: Clock;
}

/** What became of one thing that was to be imported: `refused` kept all others from being written, which are `left` then. */
export interface ImportedItem {
  readonly kind: WorkspaceItemKind;
  readonly name: string;
  readonly outcome: 'added' | 'overwritten' | 'skipped' | 'refused' | 'left';
  /** Why it was refused, or what else is to be said; empty: nothing. */
  readonly message: string;
}

/** Job.result of an import of definitions; also of one that failed because items were refused. */
export interface DefinitionImportResult {
  readonly items: readonly ImportedItem[];
}

/** Payload of the task `apply`: what was decided, in the order of the request's items. */
interface ApplyPayload {
  /** From 1; another round follows when a failed import is resumed. */
  readonly round: number;
  readonly decidedAt: number;
  readonly decisions: readonly {
    readonly outcome: 'added' | 'overwritten' | 'skipped';
    /** Of a definition that is there: its last version. */
    readonly version: number;
  }[];
}

/**
 * An import of definitions and what they are made of, as a runbook.
 *
 *     plan      what is there already, and so what becomes of each item
 *     apply     all of it in one transaction, or nothing; then the schedules
 */
export function createDefinitionImportHandler(parts: DefinitionImportParts): JobHandler {
  return {
    kind: 'definition_import',
    run: (claimed, context) => runTask(parts, claimed, context),
    onError: () => 'fail-job',
  };
}

async function runTask(
  parts: DefinitionImportParts,
  { task, job, claims }: ClaimedTask,
  context: TaskContext,
): Promise<TaskOutcome> {
  const request = job.request as DefinitionImportRequest;
  switch (task.kind) {
    case 'plan':
      return decide(parts, request, 1);
    case 'decide':
      return decide(parts, request, task.payload as number);
    case 'apply':
      return apply(parts, request, task.payload as ApplyPayload, claims > 1, context);
    case 'cleanup':
      return { type: 'done', result: null };
    default:
      throw new Error(`An import of definitions has no task of kind ${task.kind}.`);
  }
}

async function decide(
  { workspaces, clock }: DefinitionImportParts,
  { workspace, items, sameName, source }: DefinitionImportRequest,
  round: number,
): Promise<TaskOutcome> {
  const decisions: ApplyPayload['decisions'][number][] = [];
  for (const { kind, name } of items) {
    const found = await workspaces.getItem(workspace, kind, name);
    const same = sameName === 'skip' ? 'skipped' : 'overwritten';
    decisions.push({ outcome: found === null ? 'added' : same, version: found?.version ?? 0 });
  }
  const payload: ApplyPayload = { round, decidedAt: clock.now(), decisions };
  const count = items.length;
  return {
    type: 'done',
    result: null,
    plan: { kind: 'definition_import', items: count },
    spawn: [plainTask(`apply/${round}`, 'apply', 'apply', [], payload)],
    log: [logLine('plan', `Importing ${count} things from ${source}.`, { items: count })],
  };
}

async function apply(
  parts: DefinitionImportParts,
  request: DefinitionImportRequest,
  payload: ApplyPayload,
  isRepeated: boolean,
  context: TaskContext,
): Promise<TaskOutcome> {
  const { workspaces } = parts;
  const planned = request.items.map((item, at) => ({
    item: withParams(item, request),
    outcome: payload.decisions[at]?.outcome ?? 'skipped',
    version: payload.decisions[at]?.version ?? 0,
  }));
  const written = planned.filter(({ outcome }) => outcome !== 'skipped');
  if (!isRepeated || !(await isApplied(parts, request, written, payload.decidedAt))) {
    const refusals = new Map<NewItem, AppError>();
    for (const { item, outcome } of written) {
      if (outcome !== 'overwritten') continue;
      const reason = await whyKept(parts, request.workspace, item, context.job);
      if (reason !== null) refusals.set(item, reason);
    }
    const [refusal] = refusals.values();
    if (refusal !== undefined) return refused(planned, refusals, refusal, payload.round);
    await context.confirm();
    await workspaces.changeWorkspace(
      request.workspace,
      context.job.owner,
      written.flatMap(({ item, outcome }) => changesOf(item, outcome, request.targetStatus)),
    );
  }
  const items: ImportedItem[] = [];
  const log: NewJobLogEntry[] = [];
  let errors = 0;
  for (const { item, outcome } of planned) {
    const { kind, name } = item;
    const problem =
      outcome === 'skipped' || request.targetStatus !== 'scheduled'
        ? null
        : await schedule(parts, request, item, context);
    const message = problem === null ? '' : `Its schedule could not be started: ${problem}`;
    items.push({ kind, name, outcome, message });
    if (problem !== null) errors += 1;
    const text = `The ${kind} ${name} was ${outcome}.${message === '' ? '' : ` ${message}`}`;
    log.push({
      ...logLine('note', text, { kind, name, outcome }),
      level: problem === null ? 'info' : 'warn',
    });
  }
  const jobResult: DefinitionImportResult = { items };
  return { type: 'done', result: null, jobResult, errors, log };
}

/** Values of the request in place of those of the file; one for all definitions goes to those that ask for it. */
function withParams(item: NewItem, { params, items }: DefinitionImportRequest): NewItem {
  if (item.kind !== 'definition') return item;
  const definition = item.content as Definition;
  const own = Object.hasOwn(params, item.name) ? (params[item.name] ?? {}) : {};
  const all = Object.hasOwn(params, '') ? (params[''] ?? {}) : {};
  if (Object.keys(own).length === 0 && Object.keys(all).length === 0) return item;
  const scripts = Object.fromEntries(
    items.flatMap(({ kind, name, content }) =>
      kind === 'script' ? [[name, content as { readonly content: string }]] : [],
    ),
  );
  const known = definition.params.map(({ name }) => name);
  const asked = parametersAskedFor(definition, scripts);
  const added = [...Object.keys(own), ...Object.keys(all).filter((name) => asked.includes(name))];
  const valueFor = (name: string): string | undefined =>
    Object.hasOwn(own, name) ? own[name] : Object.hasOwn(all, name) ? all[name] : undefined;
  const content: Definition = {
    ...definition,
    params: [
      ...definition.params.map(({ name, value }) => ({ name, value: valueFor(name) ?? value })),
      ...[...new Set(added)]
        .filter((name) => !known.includes(name))
        .map((name) => ({ name, value: valueFor(name) ?? '' })),
    ],
  };
  return { ...item, content };
}

type Written = { readonly item: NewItem; readonly version: number };

/** Whether the transaction of an earlier run of this task, which died then, went through: it left all of this, or nothing. */
async function isApplied(
  { workspaces }: DefinitionImportParts,
  { workspace, targetStatus }: DefinitionImportRequest,
  written: readonly Written[],
  decidedAt: number,
): Promise<boolean> {
  for (const { item, version } of written) {
    const found = await workspaces.getItem(workspace, item.kind, item.name);
    const isSubmitted = item.kind === 'definition' && targetStatus !== 'saved';
    const isThere =
      found !== null &&
      found.updatedAt >= decidedAt &&
      found.version === (isSubmitted ? version + 1 : version) &&
      isDeepStrictEqual(found.content, item.content);
    if (!isThere) return false;
  }
  return true;
}

/** Why a thing that is there must stay as it is; null: nothing speaks against a change. It may have come, or changed hands, after the import began. */
async function whyKept(
  parts: DefinitionImportParts,
  workspace: string,
  { kind, name }: NewItem,
  job: Job,
): Promise<AppError | null> {
  const found = await parts.workspaces.getItem(workspace, kind, name);
  if (found === null) return null;
  try {
    await parts.authoriseOverwrite(job, found);
  } catch (error) {
    if (error instanceof AppError && error.kind === 'forbidden') return error;
    throw error;
  }
  return kind === 'definition' ? await whyBusy(parts, workspace, name) : null;
}

/** Why a definition must stay as it is: its schedule is on, or it runs; null: nothing speaks against a change. */
async function whyBusy(
  { schedules, jobs }: DefinitionImportParts,
  workspace: string,
  definition: string,
): Promise<AppError | null> {
  const busy = (what: string, hint: string): AppError =>
    new AppError('job-state', {
      message: `The definition ${definition} cannot be overwritten: ${what}.`,
      hint: `${hint} Then resume the import.`,
    });
  if ((await schedules.getSchedule({ type: 'definition', workspace, definition })) !== null) {
    return busy('its schedule is on', 'Stop its schedule.');
  }
  const runs = await jobs.listJobs({ kinds: ['run'], states: unfinishedStates, limit: 1000 });
  const run = runs.find(
    ({ request }) =>
      request.kind === 'run' && request.workspace === workspace && request.definitionName === definition,
  );
  return run === undefined ? null : busy(`the job ${run.name} runs it`, 'Wait for that job, or cancel it.');
}

/** Nothing is written; a resume decides anew. */
function refused(
  planned: readonly { readonly item: NewItem; readonly outcome: ImportedItem['outcome'] }[],
  refusals: ReadonlyMap<NewItem, AppError>,
  first: AppError,
  round: number,
): TaskOutcome {
  const jobResult: DefinitionImportResult = {
    items: planned.map(({ item, outcome }) => {
      const refusal = refusals.get(item);
      return {
        kind: item.kind,
        name: item.name,
        outcome: refusal !== undefined ? 'refused' : outcome === 'skipped' ? 'skipped' : 'left',
        message: refusal?.message ?? '',
      };
    }),
  };
  return {
    type: 'done',
    result: null,
    jobResult,
    spawn: [plainTask(`decide/${round + 1}`, 'decide', 'decide', [], round + 1)],
    rest: { state: 'failed', error: toErrorRecord(first) },
  };
}

function changesOf(
  item: NewItem,
  outcome: 'added' | 'overwritten' | 'skipped',
  status: DefinitionImportRequest['targetStatus'],
): readonly WorkspaceChange[] {
  const change: WorkspaceChange = outcome === 'added' ? { type: 'add', item } : { type: 'put', item };
  const isSubmitted = item.kind === 'definition' && status !== 'saved';
  return isSubmitted ? [change, { type: 'submit', name: item.name }] : [change];
}

/** Turns the schedule of a definition on that has one. Gives what was wrong; null: nothing. */
async function schedule(
  { startSchedule }: DefinitionImportParts,
  { workspace }: DefinitionImportRequest,
  item: NewItem,
  { job, signal }: TaskContext,
): Promise<string | null> {
  if (item.kind !== 'definition' || (item.content as Definition).schedule === null) return null;
  try {
    await startSchedule(job, workspace, item.name);
    return null;
  } catch (error) {
    signal.throwIfAborted();
    const known = toAppError(error);
    if (known.temporary || known.kind === 'internal') throw known;
    return known.message;
  }
}
