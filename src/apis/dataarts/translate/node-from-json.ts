import type { DefinitionNode, FailurePolicy } from '../../../core/definition.ts';
import { type Body, objectsOf, textOf } from '../members.ts';
import { badRequest } from '../refusal.ts';
import { foreignWord, ownAction } from './action-from-json.ts';
import { ownCondition } from './conditions.ts';

const failurePolicies: ReadonlyMap<string, FailurePolicy> = new Map([
  ['FAIL', 'fail'],
  ['IGNORE', 'ignore'],
  ['SUSPEND', 'suspend'],
  ['FAIL_CHILD', 'skip_dependents'],
]);
/** Seconds between tries where a node names none. */
const usualRetryInterval = 120;

/**
 * A node of a job. One of a kind or with a setting that has no meaning here becomes `foreign`: it is kept, and refused when it is to run.
 * @param obstacle why no node of the job can run; null: nothing is in the way
 */
export function readNode(node: Body, where: string, obstacle: string | null): DefinitionNode {
  const [name, type] = [requiredText(node, 'name', where), requiredText(node, 'type', where)];
  const after = namesOf(node.preNodeName, `${where}.preNodeName`);
  const ways = objectsOf(node, 'conditions').map((condition) => {
    const from = requiredText(condition, 'preNodeName', where);
    return { after: from, expression: ownCondition(textOf(condition, 'expression') ?? '', from) };
  });
  const isUnclear = ways.some(({ expression }) => expression === null);
  const word = obstacle ?? (isUnclear ? 'a condition that is not read here' : null);
  return {
    name,
    action: word === null ? ownAction(node, type) : { type: 'foreign', word: foreignWord(type, word) },
    after,
    conditions: ways.flatMap(({ after: from, expression }) =>
      expression === null ? [] : [{ after: from, expression }],
    ),
    retries: wholeOf(node, 'retryTimes', where) ?? 0,
    retryDelaySeconds: wholeOf(node, 'retryInterval', where) ?? usualRetryInterval,
    timeoutSeconds: ownMinutes(wholeOf(node, 'maxExecutionTime', where)),
    onFailure: policyOf(node, where),
  };
}

/** Seconds of a number of minutes, where 0 means no limit. */
export const ownMinutes = (minutes: number | null): number | null =>
  minutes === null || minutes === 0 ? null : minutes * 60;

function policyOf(node: Body, where: string): FailurePolicy {
  const word = textOf(node, 'failPolicy') ?? '';
  const policy = word === '' ? 'fail' : failurePolicies.get(word);
  if (policy !== undefined) return policy;
  throw badRequest(`${where}.failPolicy must be one of ${[...failurePolicies.keys()].join(', ')}.`);
}

function requiredText(body: Body, name: string, where: string): string {
  const text = textOf(body, name) ?? '';
  if (text !== '') return text;
  throw badRequest(`${where}.${name} is missing.`);
}

/** Names in a list; one alone may stand without it. */
function namesOf(value: unknown, where: string): readonly string[] {
  if (value === undefined || value === null || value === '') return [];
  const names: readonly unknown[] = Array.isArray(value) ? value : [value];
  return names.map((name) => {
    if (typeof name === 'string' && name !== '') return name;
    throw badRequest(`${where} must be names of nodes.`);
  });
}

/** A whole number, which may come as a text; null where it is missing. */
export function wholeOf(body: Body, name: string, where: string): number | null {
  const value = body[name];
  if (value === undefined || value === null || value === '') return null;
  const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0) return number;
  throw badRequest(`${where}.${name} must be a whole number.`);
}
