import type { NodeAction, NodeJob } from '../../../core/definition.ts';
import { AppError } from '../../../core/errors.ts';
import { checkRequest } from '../../../core/http-action-check.ts';
import { type Body, isObject, objectsOf } from '../members.ts';

/** The property of a CDMJob node that says which export, import or copy of ours it starts. */
export const jobProperty = 'pumphouseJob';
const jobKinds: readonly NodeJob['kind'][] = ['export', 'import', 'copy'];

/** Whether a kind of node or script is SQL for a database of ours; those for streams are not. */
export const isSqlWord = (word: string): boolean => /SQL$/i.test(word) && !/flink/i.test(word);

/** What a node of the contract does, in our terms. */
export function ownAction(node: Body, type: string): NodeAction {
  const properties = propertiesOf(node);
  if (type === 'Dummy' || properties.emptyRunningJob === '1') return { type: 'none' };
  const action = actionOf(type, properties);
  if (typeof action !== 'string') return action;
  return { type: 'foreign', word: action === '' ? type : foreignWord(type, action) };
}

/** What a node is called that is refused at start: its kind, and what is in the way where that is not the kind. */
export const foreignWord = (type: string, obstacle: string): string =>
  `${type} with ${obstacle}`.slice(0, 128);

/** The values of the properties by name; of two of one name it is the last. */
export const propertiesOf = (node: Body): Readonly<Record<string, unknown>> =>
  Object.fromEntries(objectsOf(node, 'properties').map(({ name, value }) => [String(name), value]));

type Properties = Readonly<Record<string, unknown>>;

/** A text says what is in the way of running it; an empty one: its kind. */
function actionOf(type: string, properties: Properties): NodeAction | string {
  if (isSqlWord(type)) return sqlAction(properties);
  if (type === 'RESTAPI') return httpAction(properties);
  if (type === 'CDMJob') return jobAction(properties);
  return '';
}

function sqlAction(properties: Properties): NodeAction | string {
  const connection = textIn(properties, 'connectionName') || null;
  if (!onlyPassesOn(textIn(properties, 'scriptArgs'))) return 'arguments of its own for the script';
  if (textIn(properties, 'statementOrScript').toUpperCase() === 'STATEMENT') {
    const text = ['statement', 'sql', 'sqlStatement']
      .map((name) => textIn(properties, name))
      .find((sql) => sql !== '');
    if (text === undefined) return 'no statement';
    return hasExpression(text) ? expressionObstacle : { type: 'sql', connection, script: { text } };
  }
  const name = textIn(properties, 'scriptName');
  return name === '' ? 'no script' : { type: 'sql', connection, script: { name } };
}

/** Arguments that give parameters of the job on under their own names change nothing. */
const onlyPassesOn = (scriptArgs: string): boolean =>
  scriptArgs.split(/\r?\n/).every((line) => {
    const [, name, value] = /^\s*([^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    return name === undefined || value === `\${${name}}`;
  });

function httpAction(properties: Properties): NodeAction | string {
  const url = textIn(properties, 'url');
  if (url === '') return 'no url';
  const headers = textIn(properties, 'headers');
  const body = properties.body === undefined || properties.body === null ? null : textIn(properties, 'body');
  if ([url, headers, body ?? ''].some(hasExpression)) return expressionObstacle;
  const action: NodeAction = {
    type: 'http',
    method: textIn(properties, 'method').toUpperCase() || 'GET',
    url,
    headers: headersOf(headers),
    body,
  };
  try {
    checkRequest(action, '');
    return action;
  } catch (error) {
    // It is kept all the same: it may run where it comes from.
    if (error instanceof AppError) return 'a request that is not sent here';
    throw error;
  }
}

/** A line for each: `name=value`, or `name: value`. */
const headersOf = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text
      .split(/\r?\n/)
      .filter((line) => line.trim() !== '')
      .map((line) => {
        const at = line.search(/[=:]/);
        return at < 0 ? [line.trim(), ''] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
      }),
  );

function jobAction(properties: Properties): NodeAction | string {
  const given = properties[jobProperty];
  if (given === undefined || given === null) return '';
  const job = typeof given === 'string' ? parsed(given) : given;
  const kind = isObject(job) ? jobKinds.find((each) => each === job.kind) : undefined;
  if (!isObject(job) || kind === undefined || !isObject(job.input)) return `an unreadable ${jobProperty}`;
  return { type: 'job', job: { kind, input: job.input } };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Expressions are worked out by the original alone. */
export const hasExpression = (text: string): boolean => text.includes('#{');
export const expressionObstacle = 'an expression that is not computed here';

const textIn = (properties: Properties, name: string): string => {
  const value = properties[name];
  return typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : '';
};
