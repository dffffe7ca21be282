import type { Definition, DefinitionNode } from '../core/definition.ts';
import type { ErrorRecord } from '../core/errors.ts';
import type { NodeEnd } from '../core/node-ways.ts';
import type { TaskRecord, TaskSpec } from '../jobs/job-store.ts';
import { plainTask } from './apply-tasks.ts';

/* The tasks of a run: of each node one that decides whether it runs, and one for each of its tries. They are one group. */

/** Payload of the task `begin` of a node. */
export interface BeginPayload {
  /** The node's place in the definition. */
  readonly node: number;
}

/** Result of the task `begin`. */
export type BeginResult =
  | { readonly at: number; readonly run: true }
  | { readonly at: number; readonly run: false; readonly end: 'skipped' | 'cut'; readonly reason: string };

/** Payload of the task `work`: one try of a node. */
export interface WorkPayload {
  readonly node: number;
  /** The node's name, for lines about the task. */
  readonly name: string;
  /** From 1, over the whole life of the run. */
  readonly number: number;
  /** Tries that may follow by themselves. */
  readonly left: number;
  /** Which job of the node it is about, from 1: one that was cancelled has another after it. */
  readonly job: number;
  /** When that job had come to rest without completing: the try resumes it. Null: there was none. */
  readonly brokenAt: number | null;
}

/** Result of the task `work`. */
export type WorkResult =
  | { readonly end: 'completed'; readonly at: number }
  | {
      readonly end: 'failed';
      readonly at: number;
      readonly error: ErrorRecord;
      /** What comes next: another try by itself, one when the run is resumed, or none. */
      readonly next: 'retry' | 'resume' | 'none';
    };

/** Payload of the task `forget`. */
export interface ForgetPayload {
  readonly database: string;
}

/** Job.plan of a run. */
export interface RunPlan {
  readonly kind: 'run';
  readonly nodes: number;
}

/** Job.result of a run: how many nodes ended how. */
export interface RunResult {
  readonly nodes: number;
  readonly completed: number;
  readonly failed: number;
  readonly ignored: number;
  readonly skipped: number;
}

const padded = (place: number): string => String(place + 1).padStart(4, '0');

/** The group of a node's tasks. */
export const nodeGroup = (node: number): string => `node:${padded(node)}`;
/** The step that a node's job is, the n-th of it. */
export const nodeStep = (node: number, job = 1): string =>
  job === 1 ? `node/${padded(node)}` : `node/${padded(node)}/${job}`;

/** One task for each node, and the one that comes after all. */
export function beginTasks({ nodes }: Definition): readonly TaskSpec[] {
  const places = new Map(nodes.map(({ name }, place) => [name, place]));
  const begins = nodes.map(({ after }, node) => {
    const waitsFor = after.flatMap((name) => {
      const place = places.get(name);
      return place === undefined ? [] : [nodeGroup(place)];
    });
    const payload: BeginPayload = { node };
    return plainTask(`begin/${padded(node)}`, 'begin', nodeGroup(node), waitsFor, payload);
  });
  return [
    ...begins,
    plainTask(
      'finish',
      'finish',
      'finish',
      nodes.map((_, node) => nodeGroup(node)),
      null,
    ),
  ];
}

/** A try of a node. Progress counts nodes: only its first try is one. */
export const workTask = (payload: WorkPayload, notBefore?: number): TaskSpec => ({
  ...plainTask(
    `work/${padded(payload.node)}-${String(payload.number).padStart(3, '0')}`,
    'work',
    nodeGroup(payload.node),
    [],
    payload,
  ),
  ...(notBefore === undefined ? {} : { notBefore }),
});

/** How a node ended, by the tasks of its group; null: it has not. */
export function endOf(node: DefinitionNode, tasks: readonly TaskRecord[]): NodeEnd | null {
  if (tasks.length === 0 || tasks.some(({ state }) => state !== 'done')) return null;
  const begin = tasks.find(({ kind }) => kind === 'begin')?.result as BeginResult | undefined;
  if (begin !== undefined && !begin.run) return begin.end;
  const last = triesOf(tasks).at(-1)?.result as WorkResult | undefined;
  if (last?.end === 'completed') return 'completed';
  return node.onFailure === 'ignore' ? 'ignored' : 'failed';
}

/** The tries of a node, in their order. */
export const triesOf = (tasks: readonly TaskRecord[]): readonly TaskRecord[] =>
  tasks.filter(({ kind }) => kind === 'work').sort((a, b) => numberOf(a) - numberOf(b));

const numberOf = ({ payload }: TaskRecord): number => (payload as WorkPayload).number;

/** The group's tasks of a job's, by the place of the node. */
export function tasksByNode(tasks: readonly TaskRecord[]): ReadonlyMap<number, readonly TaskRecord[]> {
  const byNode = new Map<number, TaskRecord[]>();
  for (const task of tasks) {
    if (task.kind !== 'begin' && task.kind !== 'work') continue;
    const { node } = task.payload as BeginPayload;
    const known = byNode.get(node);
    if (known === undefined) byNode.set(node, [task]);
    else known.push(task);
  }
  return byNode;
}
