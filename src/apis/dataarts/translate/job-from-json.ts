import type { Definition, NewItem } from '../../../core/definition.ts';
import type { ScheduleRule } from '../../../core/schedule.ts';
import { type JsonDocument, sourceDocument } from '../document.ts';
import { type Body, isObject, objectsOf, parameterText, textOf, wordOf } from '../members.ts';
import { nameOf } from '../names.ts';
import { badRequest, codes, Refusal } from '../refusal.ts';
import { expressionObstacle, hasExpression } from './action-from-json.ts';
import { ownCron } from './cron.ts';
import { ownMinutes, readNode, wholeOf } from './node-from-json.ts';
import { offsetOf, ownTimeZone, timeOf } from './times.ts';

const longestParameterName = 64;
const longestParameterValue = 1024;
const longestDescription = 1024;

/** A job of the contract as a definition, with its text beside. */
export function readJob(document: JsonDocument): NewItem<'definition'> {
  const { body } = document;
  return {
    kind: 'definition',
    name: nameOf(body, 'job'),
    content: definitionOf(body),
    document: sourceDocument(document),
  };
}

/** `REAL_TIME` jobs are kept, and do not run here. */
export const processTypeOf = (body: Body): 'BATCH' | 'REAL_TIME' =>
  wordOf(body, 'processType', ['BATCH', 'REAL_TIME'], 'BATCH');

function definitionOf(body: Body): Definition {
  const params = objectsOf(body, 'params').map((param) => ({
    name: bounded(param, 'name', longestParameterName),
    value: bounded(param, 'value', longestParameterValue),
  }));
  const basic = isObject(body.basicConfig) ? body.basicConfig : {};
  return {
    description: descriptionOf(body),
    params,
    nodes: nodesOf(
      body,
      params.some(({ value }) => hasExpression(value)),
    ),
    schedule: scheduleOf(body.schedule),
    timeoutSeconds: ownMinutes(wholeOf(basic, 'instanceTimeout', 'basicConfig')),
    ...priorityOf(basic.priority),
  };
}

/** Theirs go from 0, the highest and the usual one, to 2; whatever else stands there is kept in the text alone. */
function priorityOf(value: unknown): Pick<Definition, 'priority'> {
  const priority = Number(value);
  return priority === 1 || priority === 2 ? { priority: -priority } : {};
}

function nodesOf(body: Body, hasExpressions: boolean): Definition['nodes'] {
  const isRealTime = processTypeOf(body) === 'REAL_TIME';
  const obstacle = isRealTime ? 'the life of a real-time job' : hasExpressions ? expressionObstacle : null;
  const isEmptyRun = String(body.emptyRunningJob ?? '0') === '1';
  return objectsOf(body, 'nodes').map((node, index) => {
    const read = readNode(node, `nodes[${index}]`, obstacle);
    return isEmptyRun && !isRealTime ? { ...read, action: { type: 'none' } } : read;
  });
}

function bounded(param: Body, name: 'name' | 'value', longest: number): string {
  const text = parameterText(param[name], `params.${name}`);
  if (text.length <= longest && !(name === 'name' && text === '')) return text;
  throw badRequest(`A ${name} of params must have at most ${longest} characters.`);
}

function descriptionOf(body: Body): string {
  const { description } = body;
  if (description === undefined || description === null) return '';
  if (typeof description === 'string' && description.length <= longestDescription) return description;
  throw new Refusal(
    codes.descriptionInvalid,
    `The description is invalid: it is a string of at most ${longestDescription} characters.`,
  );
}

/** Null: it runs once, when it is started; or on a schedule that is not kept here ({@link scheduleObstacle}). */
function scheduleOf(value: unknown): ScheduleRule | null {
  if (value === undefined || value === null) return null;
  if (!isObject(value)) throw invalidSchedule('schedule must be an object');
  if (scheduleType(value) !== 'CRON') return null;
  const cron = isObject(value.cron) ? value.cron : {};
  const line = ownCron(textOf(cron, 'expression') ?? '');
  if (line === null) throw invalidSchedule('schedule.cron.expression must have six fields');
  const [startAt, endAt] = [timeIn(cron, 'startTime'), timeIn(cron, 'endTime')];
  if (scheduleObstacle(value) !== null) return null;
  return {
    cron: line,
    // Where none is named, the one that the start is told in.
    timeZone: ownTimeZone(
      textOf(cron, 'expressionTimeZone') || `GMT${offsetOf(textOf(cron, 'startTime') ?? '')}`,
    ),
    startAt,
    endAt,
    missed: 'once',
    overlap: 'queue',
  };
}

export type ScheduleType = 'EXECUTE_ONCE' | 'CRON' | 'EVENT';

/** How a job is started; one without a schedule runs once. */
export function scheduleType(schedule: unknown): ScheduleType {
  const types: readonly ScheduleType[] = ['EXECUTE_ONCE', 'CRON', 'EVENT'];
  const given = isObject(schedule) ? (schedule.type ?? 'EXECUTE_ONCE') : 'EXECUTE_ONCE';
  const type = types.find((each) => each === given);
  if (type !== undefined) return type;
  throw invalidSchedule(`schedule.type must be one of ${types.join(', ')}`);
}

/** Why a schedule is kept and not followed; null: it is followed. */
export function scheduleObstacle(schedule: unknown): string | null {
  if (!isObject(schedule)) return null;
  if (scheduleType(schedule) === 'EVENT') return 'Schedules by events are not followed here.';
  const { dependJobs } = isObject(schedule.cron) ? schedule.cron : {};
  const hasJobs = isObject(dependJobs) && Array.isArray(dependJobs.jobs) && dependJobs.jobs.length > 0;
  return hasJobs ? 'Schedules that depend on other jobs are not followed here.' : null;
}

function timeIn(cron: Body, name: 'startTime' | 'endTime'): number | null {
  const text = textOf(cron, name);
  if (text === null || text === '') return null;
  const time = timeOf(text);
  if (time !== null) return time;
  throw invalidSchedule(`schedule.cron.${name} must be a time such as 2018-10-22T23:59:59+08`);
}

const invalidSchedule = (details: string): Refusal =>
  new Refusal(codes.scheduleInvalid, `The job schedule is invalid: ${details}.`);
