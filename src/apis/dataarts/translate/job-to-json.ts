import type { Definition, DefinitionNode, NodeAction } from '../../../core/definition.ts';
import type { ScheduleRule } from '../../../core/schedule.ts';
import { jobProperty } from './action-from-json.ts';
import { theirCondition } from './conditions.ts';
import { theirCron } from './cron.ts';
import { theirTimeZone, timeText } from './times.ts';

type Json = Readonly<Record<string, unknown>>;

const failPolicies = {
  fail: 'FAIL',
  ignore: 'IGNORE',
  suspend: 'SUSPEND',
  skip_dependents: 'FAIL_CHILD',
} as const;
/** Distance of nodes in the picture that the original draws of a job. */
const gridWidth = 180;

/**
 * A definition that was made without a text of the contract, as the body that would make it. What is read of it is the definition again, but for
 * what the contract has no member for (overlap and missed runs of schedules), and times below a minute, which are rounded up.
 * @param since milliseconds: where a schedule begins that has no beginning of its own, since the contract wants one
 */
export function jobBody(name: string, definition: Definition, since: number): Json {
  return {
    name,
    nodes: definition.nodes.map(nodeBody),
    schedule: scheduleBody(definition.schedule, since),
    params: definition.params.map((param) => ({ ...param, type: 'variable' })),
    directory: '/',
    processType: 'BATCH',
    ...basicConfig(definition),
    ...(definition.description === '' ? {} : { description: definition.description }),
  };
}

/** Their lowest priority is 2, and none of theirs is above the usual one. */
function basicConfig({ timeoutSeconds, priority = 0 }: Definition): Json {
  const config = {
    ...(timeoutSeconds === null ? {} : { instanceTimeout: theirMinutes(timeoutSeconds) }),
    ...(priority < 0 ? { priority: Math.min(2, -priority) } : {}),
  };
  return Object.keys(config).length === 0 ? {} : { basicConfig: config };
}

function nodeBody(node: DefinitionNode, index: number): Json {
  const { type, properties } = actionBody(node.action);
  return {
    name: node.name,
    type,
    location: { x: String(index * gridWidth), y: '0' },
    properties: Object.entries(properties).map(([name, value]) => ({ name, value })),
    preNodeName: node.after,
    conditions: node.conditions.map(({ after, expression }) => ({
      preNodeName: after,
      expression: theirCondition(expression, after),
    })),
    failPolicy: failPolicies[node.onFailure],
    retryTimes: node.retries,
    retryInterval: node.retryDelaySeconds,
    ...(node.timeoutSeconds === null ? {} : { maxExecutionTime: theirMinutes(node.timeoutSeconds) }),
  };
}

interface ActionBody {
  readonly type: string;
  readonly properties: Json;
}

function actionBody(action: NodeAction): ActionBody {
  switch (action.type) {
    case 'sql':
      return {
        type: 'RDSSQL',
        properties: {
          ...('name' in action.script
            ? { statementOrScript: 'SCRIPT', scriptName: action.script.name }
            : { statementOrScript: 'STATEMENT', statement: action.script.text }),
          ...(action.connection === null ? {} : { connectionName: action.connection }),
        },
      };
    case 'job':
      return { type: 'CDMJob', properties: { [jobProperty]: action.job } };
    case 'http': {
      const headers = Object.entries(action.headers).map(([name, value]) => `${name}=${value}`);
      return {
        type: 'RESTAPI',
        properties: {
          url: action.url,
          method: action.method,
          ...(headers.length === 0 ? {} : { headers: headers.join('\n') }),
          ...(action.body === null ? {} : { body: action.body }),
        },
      };
    }
    case 'none':
      return { type: 'Dummy', properties: {} };
    case 'foreign':
      return { type: action.word, properties: {} };
    default:
      return action satisfies never;
  }
}

function scheduleBody(rule: ScheduleRule | null, since: number): Json {
  if (rule === null) return { type: 'EXECUTE_ONCE' };
  return {
    type: 'CRON',
    cron: {
      startTime: timeText(rule.startAt ?? since),
      ...(rule.endAt === null ? {} : { endTime: timeText(rule.endAt) }),
      expression: theirCron(rule.cron),
      expressionTimeZone: theirTimeZone(rule.timeZone),
    },
  };
}

const theirMinutes = (seconds: number): number => Math.ceil(seconds / 60);
