import { createHash } from 'node:crypto';
import type { Job } from '../../core/job.ts';
import { taskIdOf } from './task-id.ts';

type Json = Readonly<Record<string, unknown>>;

/** What became of a thing, as the import's result tells it. */
interface Outcome {
  readonly kind: string;
  readonly name: string;
  readonly outcome: string;
  readonly message: string;
}

const words: Readonly<Record<string, string>> = { definition: 'job' };

/** An import as a task: it runs, or it ended well or not; no third word, since those who wait know none. */
export function taskView(job: Job, projectId: string): Json {
  const id = taskIdOf(job.id);
  const status = statusOf(job);
  const end = job.finishedAt;
  const changed = end ?? job.startedAt ?? job.createdAt;
  return {
    id,
    name: job.request.kind === 'definition_import' ? `Import the job from ${job.request.source}.` : job.name,
    startTime: job.startedAt ?? job.createdAt,
    ...(end === null ? {} : { endTime: end }),
    lastUpdate: changed,
    status,
    message: messageOf(job),
    projectId,
    subtasks: subtasksOf(job, id, status, changed),
  };
}

function statusOf({ state }: Job): 'RUNNING' | 'SUCCESSFUL' | 'FAILED' {
  if (state === 'completed') return 'SUCCESSFUL';
  return state === 'failed' || state === 'cancelled' || state === 'stopped' ? 'FAILED' : 'RUNNING';
}

function messageOf({ state, error }: Job): string {
  if (error !== null) return error.hint === '' ? error.message : `${error.message} ${error.hint}`;
  return state === 'cancelled' || state === 'stopped' ? `The import was ${state}.` : '';
}

function subtasksOf(job: Job, taskId: string, status: string, lastUpdate: number): readonly Json[] {
  const { request } = job;
  if (request.kind !== 'definition_import') return [];
  const outcomes = outcomesOf(job.result);
  return request.items.map(({ kind, name }) => {
    const outcome = outcomes.find((each) => each.kind === kind && each.name === name);
    return {
      id: createHash('sha256').update(`${taskId} ${kind} ${name}`).digest('hex').slice(0, 32),
      name: `Import the ${words[kind] === undefined ? `${kind} ${name}` : `${name} ${words[kind]}`}.`,
      lastUpdate,
      status,
      message: outcome === undefined ? '' : textOf(outcome),
      taskId,
    };
  });
}

/** `Skipped.`, with what else is to be said. */
const textOf = ({ outcome, message }: Outcome): string =>
  [`${outcome.charAt(0).toUpperCase()}${outcome.slice(1)}.`, message].filter((part) => part !== '').join(' ');

function outcomesOf(result: unknown): readonly Outcome[] {
  const { items } = (result ?? {}) as { readonly items?: readonly Outcome[] };
  return items ?? [];
}
