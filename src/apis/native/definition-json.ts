import type { Definition, DefinitionNode, NodeAction } from '../../core/definition.ts';
import type { DefinitionJson, NodeJson } from './definition-schema.ts';
import { decodeNodeJob, encodeNodeJob } from './job-body.ts';
import { decodeScheduleRule, encodeScheduleRule } from './schedule-rule.ts';

/* Definitions between JSON and core/definition.ts. Their values are checked by the service; the shape was, by the schema. */

type ActionJson = NodeJson['action'];

/** Pause between tries where a node names none. */
const defaultRetryDelaySeconds = 30;

/** A definition out of JSON, with its defaults. Throws `field-invalid` for a place of a job that is said twice. */
export const decodeDefinition = (json: DefinitionJson): Definition => ({
  description: json.description ?? '',
  params: (json.params ?? []).map(({ name, value }) => ({ name, value })),
  nodes: json.nodes.map(decodeNode),
  schedule: json.schedule == null ? null : decodeScheduleRule(json.schedule),
  timeoutSeconds: json.timeout_seconds ?? null,
  ...(json.priority === undefined ? {} : { priority: json.priority }),
});

const decodeNode = (json: NodeJson): DefinitionNode => ({
  name: json.name,
  action: decodeAction(json.action),
  after: json.after ?? [],
  conditions: (json.conditions ?? []).map(({ after, expression }) => ({ after, expression })),
  retries: json.retries ?? 0,
  retryDelaySeconds: json.retry_delay_seconds ?? defaultRetryDelaySeconds,
  timeoutSeconds: json.timeout_seconds ?? null,
  onFailure: json.on_failure ?? 'fail',
});

function decodeAction(json: ActionJson): NodeAction {
  switch (json.type) {
    case 'sql':
      return { type: 'sql', connection: json.connection ?? null, script: json.script };
    case 'job':
      return { type: 'job', job: decodeNodeJob(json.job) };
    case 'http':
      return {
        type: 'http',
        method: json.method,
        url: json.url,
        headers: json.headers ?? {},
        body: json.body ?? null,
      };
    case 'none':
      return { type: 'none' };
    case 'foreign':
      return { type: 'foreign', word: json.word };
    default:
      return json satisfies never;
  }
}

/** The reverse: all members but a priority that is not named, always in this order, so that equal definitions are equal texts. */
export const encodeDefinition = (
  definition: Definition,
): Required<Omit<DefinitionJson, 'priority'>> & Pick<DefinitionJson, 'priority'> => ({
  description: definition.description,
  params: definition.params.map(({ name, value }) => ({ name, value })),
  nodes: definition.nodes.map(encodeNode),
  schedule: definition.schedule === null ? null : encodeScheduleRule(definition.schedule),
  timeout_seconds: definition.timeoutSeconds,
  ...(definition.priority === undefined ? {} : { priority: definition.priority }),
});

const encodeNode = (node: DefinitionNode): Required<NodeJson> => ({
  name: node.name,
  action: encodeAction(node.action),
  after: [...node.after],
  conditions: node.conditions.map(({ after, expression }) => ({ after, expression })),
  retries: node.retries,
  retry_delay_seconds: node.retryDelaySeconds,
  timeout_seconds: node.timeoutSeconds,
  on_failure: node.onFailure,
});

function encodeAction(action: NodeAction): ActionJson {
  switch (action.type) {
    case 'sql':
      return { type: 'sql', connection: action.connection, script: action.script };
    case 'job':
      return { type: 'job', job: encodeNodeJob(action.job) };
    case 'http':
      return {
        type: 'http',
        method: action.method,
        url: action.url,
        headers: sorted(action.headers),
        body: action.body,
      };
    case 'none':
      return { type: 'none' };
    case 'foreign':
      return { type: 'foreign', word: action.word };
    default:
      return action satisfies never;
  }
}

const sorted = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1)));
