import Type, { type Static } from 'typebox';
import { failurePolicies } from '../../core/definition.ts';
import { NodeJobBody } from './job-body.ts';
import { Priority } from './job-fields.ts';
import { ScheduleRuleSchema } from './schedule-rule.ts';
import { nullable, words } from './schema-parts.ts';

/*
 * Definitions as JSON: the members of core/definition.ts in snake case. What is optional here is there in every answer.
 */

const closed = { additionalProperties: false };
const Seconds = (description: string, least: 0 | 1) => Type.Integer({ minimum: least, description });

const Action = Type.Union(
  [
    Type.Object(
      {
        type: Type.Literal('sql'),
        connection: Type.Optional(
          nullable(
            Type.String({ description: 'Connection whose database it runs on; null: that of the script.' }),
          ),
        ),
        script: Type.Union(
          [
            Type.Object(
              { name: Type.String({ description: 'Name of a script of the workspace.' }) },
              { ...closed },
            ),
            Type.Object({ text: Type.String({ description: 'The statements themselves.' }) }, { ...closed }),
          ],
          { description: 'What runs, statement by statement.' },
        ),
      },
      { $id: 'SqlAction', ...closed },
    ),
    Type.Object({ type: Type.Literal('job'), job: NodeJobBody }, { $id: 'JobAction', ...closed }),
    Type.Object(
      {
        type: Type.Literal('http'),
        method: Type.String({ description: 'GET, POST, PUT, PATCH, DELETE or HEAD.', examples: ['POST'] }),
        url: Type.String({ description: 'An http or https URL, which the policy of addresses must allow.' }),
        headers: Type.Optional(
          Type.Record(Type.String(), Type.String(), { description: 'Headers; none by default.' }),
        ),
        body: Type.Optional(nullable(Type.String({ description: 'Body; none by default.' }))),
      },
      { $id: 'HttpAction', ...closed },
    ),
    Type.Object({ type: Type.Literal('none') }, { $id: 'NoAction', ...closed }),
    Type.Object(
      {
        type: Type.Literal('foreign'),
        word: Type.String({ description: 'What another system calls it. It is kept, and cannot run.' }),
      },
      { $id: 'ForeignAction', ...closed },
    ),
  ],
  { description: 'What the node does; `type` tells.' },
);

const Node = Type.Object(
  {
    name: Type.String({ description: 'Unique in the definition.', examples: ['load'] }),
    action: Action,
    after: Type.Optional(
      Type.Array(Type.String(), { description: 'Nodes that end before it begins; none by default.' }),
    ),
    conditions: Type.Optional(
      Type.Array(
        Type.Object(
          {
            after: Type.String({ description: 'One of the nodes of `after`.' }),
            expression: Type.String({
              description:
                'succeeded (the default), failed, always, or a comparison of parameters with constants.',
              // biome-ignore lint/suspicious/noTemplateCurlyInString: the form that parameters have
              examples: ['${day} == "sunday"'],
            }),
          },
          { ...closed },
        ),
        { description: 'When the way from a node is taken; a node that no way leads to is skipped.' },
      ),
    ),
    retries: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Further tries after a failure; 0 by default.' }),
    ),
    retry_delay_seconds: Type.Optional(Seconds('Pause before each of them; 30 by default.', 0)),
    timeout_seconds: Type.Optional(nullable(Seconds('Longest time of one try; null: no limit.', 1))),
    on_failure: Type.Optional(
      words(
        failurePolicies,
        'fail (the default): the run fails. ignore: it goes on as if nothing had been. suspend: it stops, and can be resumed. skip_dependents: what depends on the node is skipped.',
      ),
    ),
  },
  { $id: 'DefinitionNode', ...closed },
);

const Parameter = Type.Object(
  {
    name: Type.String({ description: 'Name: texts spell it in braces behind a dollar sign.' }),
    value: Type.String({ description: 'Value where a run gives none.' }),
  },
  { ...closed },
);

/** What runs. */
export const DefinitionSchema = Type.Object(
  {
    description: Type.Optional(Type.String({ description: 'For people; empty by default.' })),
    params: Type.Optional(Type.Array(Parameter, { description: 'Parameters of the run; none by default.' })),
    nodes: Type.Array(Node, { description: 'What is done, in an order that `after` tells.' }),
    schedule: Type.Optional(nullable(ScheduleRuleSchema)),
    timeout_seconds: Type.Optional(nullable(Seconds('Longest time of a whole run; null: no limit.', 1))),
    ...Priority,
  },
  { $id: 'Definition', description: 'What a run does.', ...closed },
);
export type DefinitionJson = Static<typeof DefinitionSchema>;
export type NodeJson = DefinitionJson['nodes'][number];
