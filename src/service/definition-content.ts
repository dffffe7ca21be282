import {
  type Definition,
  type DefinitionNode,
  failurePolicies,
  type NodeAction,
} from '../core/definition.ts';
import { checkDefinition } from '../core/definition-check.ts';
import { definitionLimits } from '../core/definition-limits.ts';
import {
  fieldInvalid,
  readChoice,
  readEntries,
  readPossiblyEmpty,
  readPriority,
  readText,
  readTexts,
  spell,
} from './input.ts';
import { longestScript, readDescription, readItemName } from './item-fields.ts';
import { readNodeJob } from './node-job.ts';
import { readRule } from './schedule-input.ts';

type Input = Readonly<Record<string, unknown>>;

const longestUrl = 8192;
const longestValue = definitionLimits.value;

/** A definition of any origin, checked: it may have no nodes, or some that cannot run. Throws `field-invalid`, `schedule-invalid`, `definition-invalid`. */
export function readDefinition(value: unknown): Definition {
  const definition = readShape(value);
  checkDefinition(definition);
  return definition;
}

function readShape(value: unknown): Definition {
  const input = readMembers(value, 'definition');
  const priority = readPriority(input.priority);
  return {
    description: readDescription(input.description),
    params: readEntries(input.params, 'params', 'Give {name, value}.', (entry, field) => ({
      name: readText(entry.name, `${field}.name`, 'Name the parameter.', 128),
      value: readPossiblyEmpty(entry.value, `${field}.value`, 'Give a text.', longestValue),
    })),
    nodes: readEntries(input.nodes, 'nodes', 'Give {name, action}.', readNode),
    schedule: readRule(input.schedule, 'schedule'),
    timeoutSeconds: readTimeout(input.timeoutSeconds, 'timeout_seconds'),
    ...(priority === undefined ? {} : { priority }),
  };
}

const readNode = (input: Input, field: string): DefinitionNode => ({
  name: readText(input.name, `${field}.name`, 'Name the node.', 128),
  action: readAction(input.action, `${field}.action`),
  after: readTexts(input.after, `${field}.after`, 'Name nodes of the definition.', 128),
  conditions: readEntries(
    input.conditions,
    `${field}.conditions`,
    'Give {after, expression}.',
    (entry, place) => ({
      after: readText(entry.after, `${place}.after`, 'Name a node of the definition.', 128),
      expression: readText(entry.expression, `${place}.expression`, 'Write succeeded, failed or always.'),
    }),
  ),
  retries: readWhole(input.retries, `${field}.retries`),
  retryDelaySeconds: readWhole(input.retryDelaySeconds, `${field}.retry_delay_seconds`),
  timeoutSeconds: readTimeout(input.timeoutSeconds, `${field}.timeout_seconds`),
  onFailure: readChoice(input.onFailure, `${field}.on_failure`, failurePolicies) ?? 'fail',
});

function readAction(value: unknown, field: string): NodeAction {
  const input = readMembers(value, field);
  const type = readChoice(input.type, `${field}.type`, actionTypes);
  switch (type) {
    case 'sql':
      return {
        type,
        connection: readItemName(input.connection, `${field}.connection`),
        script: readScriptSource(input.script, `${field}.script`),
      };
    case 'job':
      return { type, job: readNodeJob(input.job, `${field}.job`) };
    case 'http':
      return {
        type,
        method: readText(input.method, `${field}.method`, 'Give a method such as POST.', 16),
        url: readText(input.url, `${field}.url`, 'Give an http or https URL.', longestUrl),
        headers: readHeaders(input.headers, `${field}.headers`),
        body:
          input.body === undefined || input.body === null
            ? null
            : readPossiblyEmpty(input.body, `${field}.body`, 'Give a text, or null.', definitionLimits.body),
      };
    case 'none':
      return { type };
    case 'foreign':
      return { type, word: readText(input.word, `${field}.word`, 'Give the word of the other system.', 128) };
    case undefined:
      throw fieldInvalid(`${field}.type`, 'is missing', `Use ${actionTypes.join(', ')}.`);
    default:
      return type satisfies never;
  }
}

const actionTypes = [
  'sql',
  'job',
  'http',
  'none',
  'foreign',
] as const satisfies readonly NodeAction['type'][];

function readScriptSource(value: unknown, field: string): Extract<NodeAction, { type: 'sql' }>['script'] {
  const input = readMembers(value, field);
  if (input.name !== undefined && input.text !== undefined) {
    throw fieldInvalid(field, 'has both name and text', 'Give one of them.');
  }
  return input.text === undefined
    ? { name: readText(input.name, `${field}.name`, 'Name a script of the workspace, or give a text.', 128) }
    : { text: readPossiblyEmpty(input.text, `${field}.text`, 'Give the statements.', longestScript) };
}

function readHeaders(value: unknown, field: string): Readonly<Record<string, string>> {
  const entries = Object.entries(value === undefined || value === null ? {} : readMembers(value, field));
  return Object.fromEntries(
    entries.map(([name, text]) => [
      name,
      readPossiblyEmpty(text, `${field}.${name}`, 'Give a text.', longestValue),
    ]),
  );
}

const readTimeout = (value: unknown, field: string): number | null =>
  value === undefined || value === null ? null : readWhole(value, field);

function readWhole(value: unknown, field: string): number {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  throw fieldInvalid(field, `must be a whole number, not ${spell(value)}`, 'Give a whole number.');
}

function readMembers(value: unknown, field: string): Input {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Input;
  throw fieldInvalid(field, `must be an object, not ${spell(value)}`, 'Give an object.');
}
