import type { Clock } from '../base/clock.ts';
import { quantity } from '../base/quantity.ts';
import type { DefinitionNode } from '../core/definition.ts';
import { checkDefinition, checkRunnable } from '../core/definition-check.ts';
import { AppError } from '../core/errors.ts';
import { isResting, type NewJobLogEntry } from '../core/job.ts';
import { type NodeEnd, turnOf } from '../core/node-ways.ts';
import type { RunRequest } from '../core/request.ts';
import type { JobHandler, TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { ClaimedTask, JobStore } from '../jobs/job-store.ts';
import { plainTask } from './apply-tasks.ts';
import type { Environment } from './environment.ts';
import { logLine } from './log-lines.ts';
import { nodeFailed } from './node-failed.ts';
import { type SendRequest, sendNodeRequest } from './node-http.ts';
import { type JobNodeParts, runNodeJob } from './node-job.ts';
import { limitOf, type NodeLimit, within } from './node-limits.ts';
import { openScriptsOn, runScript, scriptOfNode } from './node-sql.ts';
import {
  type BeginPayload,
  type BeginResult,
  beginTasks,
  endOf,
  type ForgetPayload,
  nodeGroup,
  type RunPlan,
  type RunResult,
  tasksByNode,
  type WorkPayload,
  type WorkResult,
  workTask,
} from './run-tasks.ts';

/** What runs of definitions are made of; app.ts brings it. */
export interface RunParts extends JobNodeParts {
  readonly environment: Environment;
  readonly jobs: Pick<JobStore, 'childJob' | 'childJobs' | 'getJob' | 'readLog'>;
  readonly send: SendRequest;
  readonly clock: Clock;
}

/**
 * A run of a definition, as a runbook.
 *
 *     plan    check the definition once more; the tasks of the graph
 *     begin   of each node, once those before it have ended: whether it runs                    -> core/node-ways.ts
 *     work    one try of a node: a script, a job, a request                    -> node-sql.ts, node-job.ts, node-http.ts
 *     finish  how many nodes ended how
 *     forget  of each database that a script ran on: remove the receipts
 *
 * How a try ended is its task's result, also where it failed (node-failed.ts): in one transaction with the next try, and with the end of the
 * run where the node's policy says so. A run that is resumed has that try left.
 */
export function createRunHandler(parts: RunParts): JobHandler {
  return {
    kind: 'run',
    run: (claimed, context) => runTask(parts, claimed, context),
    onError: (taskKind) => (taskKind === 'forget' || taskKind === 'cleanup' ? 'fail-task' : 'fail-job'),
    failed: (claimed, error) =>
      claimed.task.kind === 'work' ? nodeFailed(claimed, error, parts.clock.now()) : null,
    subject: ({ kind, payload }) => (kind === 'work' ? `Node ${(payload as WorkPayload).name}` : null),
  };
}

async function runTask(parts: RunParts, claimed: ClaimedTask, context: TaskContext): Promise<TaskOutcome> {
  const { task, job } = claimed;
  const request = job.request as RunRequest;
  switch (task.kind) {
    case 'plan':
      return planRun(request);
    case 'begin':
      return beginNode(parts, request, task.payload as BeginPayload, context);
    case 'work':
      return workOn(parts, request, claimed, context);
    case 'finish':
      return finishRun(request, context);
    case 'forget':
      return forgetReceipts(parts, [(task.payload as ForgetPayload).database], context);
    case 'cleanup':
      return forgetReceipts(parts, databasesOf(request, await context.tasks()), context);
    default:
      throw new Error(`A run has no task of kind ${task.kind}.`);
  }
}

function planRun({ definition, definitionName, version }: RunRequest): TaskOutcome {
  checkDefinition(definition);
  checkRunnable(definition);
  const nodes = definition.nodes.length;
  const plan: RunPlan = { kind: 'run', nodes };
  const which = version === 0 ? 'the draft' : `version ${version}`;
  return {
    type: 'done',
    result: null,
    plan,
    spawn: beginTasks(definition),
    log: [logLine('plan', `Running ${definitionName}, ${which}: ${quantity(nodes, 'node')}.`, { nodes })],
  };
}

async function beginNode(
  { clock }: RunParts,
  { definition, params }: RunRequest,
  { node: place }: BeginPayload,
  context: TaskContext,
): Promise<TaskOutcome> {
  const node = nodeAt(definition.nodes, place);
  const ends = new Map<string, NodeEnd>();
  for (const [at, before] of definition.nodes.entries()) {
    if (!node.after.includes(before.name)) continue;
    const group = nodeGroup(at);
    const tasks = [...(await context.tasks('begin', group)), ...(await context.tasks('work', group))];
    ends.set(before.name, endOf(before, tasks) ?? 'skipped');
  }
  const turn = turnOf(node, ends, params);
  const result: BeginResult = { at: clock.now(), ...turn };
  const data = { node: node.name };
  if (!turn.run) {
    const log = [logLine('note', `Node ${node.name} is skipped: ${turn.reason}.`, data)];
    return { type: 'done', result, log };
  }
  const payload: WorkPayload = {
    node: place,
    name: node.name,
    number: 1,
    left: node.retries,
    job: 1,
    brokenAt: null,
  };
  return {
    type: 'done',
    result,
    spawn: [workTask(payload)],
    log: [logLine('note', `Node ${node.name} begins.`, data)],
  };
}

async function workOn(
  parts: RunParts,
  request: RunRequest,
  { task }: ClaimedTask,
  context: TaskContext,
): Promise<TaskOutcome> {
  const payload = task.payload as WorkPayload;
  const node = nodeAt(request.definition.nodes, payload.node);
  const limit = await limitOf(parts.jobs, context, payload, node, request.definition);
  try {
    return await act(parts, request, node, payload, limit, context);
  } catch (error) {
    if (error instanceof AppError && error.context.ofRun === true) await stopJobs(parts, context);
    throw error;
  }
}

/** One try, or a part of it: where it waits for a job, it comes again. */
async function act(
  parts: RunParts,
  request: RunRequest,
  node: DefinitionNode,
  payload: WorkPayload,
  limit: NodeLimit | null,
  context: TaskContext,
): Promise<TaskOutcome> {
  const { environment, clock, send } = parts;
  const { action } = node;
  switch (action.type) {
    case 'sql':
      return within(limit, clock, context.signal, async (signal) => {
        const io: TaskContext = { ...context, signal };
        return done(clock, await runScript(environment, request, node, payload.node, action, io));
      });
    case 'http':
      return within(limit, clock, context.signal, async (signal) =>
        done(clock, await sendNodeRequest(send, request, node, action, context, signal)),
      );
    case 'job': {
      const run = await runNodeJob(parts, request, node, action, payload, limit, context);
      return run.type === 'waits' ? run.outcome : { ...done(clock, run.log), errors: run.errors };
    }
    case 'none':
    case 'foreign':
      return done(clock, [logLine('note', `Node ${node.name} completed.`, { node: node.name })]);
  }
}

function done(clock: Clock, log: readonly NewJobLogEntry[]) {
  const result: WorkResult = { end: 'completed', at: clock.now() };
  return { type: 'done', result, log } as const;
}

/** The run is over: so are the jobs that it started. */
async function stopJobs({ jobs, stop }: RunParts, { job }: TaskContext): Promise<void> {
  for (const child of await jobs.childJobs(job.id)) if (!isResting(child.state)) await stop(child.id);
}

async function finishRun(request: RunRequest, context: TaskContext): Promise<TaskOutcome> {
  const { definition } = request;
  const tasks = await context.tasks();
  const byNode = tasksByNode(tasks);
  const ends = definition.nodes.map((node, place) => endOf(node, byNode.get(place) ?? []) ?? 'skipped');
  const count = (...wanted: readonly NodeEnd[]): number => ends.filter((end) => wanted.includes(end)).length;
  const jobResult: RunResult = {
    nodes: ends.length,
    completed: count('completed'),
    failed: count('failed'),
    ignored: count('ignored'),
    skipped: count('skipped', 'cut'),
  };
  const { nodes, completed, failed, ignored, skipped } = jobResult;
  const databases = databasesOf(request, tasks);
  return {
    type: 'done',
    result: null,
    jobResult,
    spawn: databases.map((database, at) => {
      const payload: ForgetPayload = { database };
      return plainTask(`forget/${at + 1}`, 'forget', 'forget', [], payload);
    }),
    log: [
      logLine(
        'note',
        `Of ${quantity(nodes, 'node')} ${completed} completed, ${failed} failed, ${ignored} failed and were ignored, ${skipped} were skipped.`,
        { ...jobResult },
      ),
    ],
  };
}

/** Databases that scripts ran on, or were to, when the node was begun. */
function databasesOf(
  request: RunRequest,
  tasks: Awaited<ReturnType<TaskContext['tasks']>>,
): readonly string[] {
  const byNode = tasksByNode(tasks);
  const found = request.definition.nodes.flatMap((node, place) => {
    const isBegun = (byNode.get(place) ?? []).some(({ kind }) => kind === 'work');
    if (!isBegun || node.action.type !== 'sql') return [];
    try {
      return scriptOfNode(request, node, node.action).database;
    } catch {
      // What cannot be read has left nothing anywhere.
      return [];
    }
  });
  return [...new Set(found)];
}

/** Repeatable. */
async function forgetReceipts(
  { environment }: RunParts,
  databases: readonly string[],
  context: TaskContext,
): Promise<TaskOutcome> {
  for (const database of databases) {
    await using session = await openScriptsOn(environment, database, context);
    await session.forget(context.job.id, context);
  }
  return { type: 'done', result: null };
}

function nodeAt(nodes: readonly DefinitionNode[], place: number): DefinitionNode {
  const node = nodes[place];
  if (node !== undefined) return node;
  throw new Error(`The run has no node ${place}.`);
}
