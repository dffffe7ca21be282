import Type, { type Static } from 'typebox';
import { etagOf } from '../../base/etag.ts';
import type { DefinitionVersion } from '../../core/definition.ts';
import type { Schedule } from '../../core/schedule.ts';
import type { CallContext, Service } from '../../service/service.ts';
import type { ApiRequest, Route } from '../api.ts';
import { callContext } from './call-context.ts';
import { differencesOf } from './definition-diff.ts';
import { decodeDefinition, encodeDefinition } from './definition-json.ts';
import { type DefinitionJson, DefinitionSchema } from './definition-schema.ts';
import { itemForms, itemSchema, itemView } from './item-views.ts';
import { ItemParams } from './items.ts';
import { encodeScheduleRule, ScheduleRuleSchema } from './schedule-rule.ts';
import { Count, listOf, nullable, Timestamp, timestamp, words } from './schema-parts.ts';
import { workspaceOf, workspaceParam } from './workspaces.ts';

const closed = { additionalProperties: false };

const VersionLine = Type.Object(
  {
    version: Count('Number of the version; 0: the draft.'),
    submitted_by: Type.String({ description: 'Who submitted it; of the draft, who changed it last.' }),
    submitted_at: Timestamp('When that was.'),
  },
  { $id: 'DefinitionVersionLine' },
);
const Version = Type.Object(
  { ...VersionLine.properties, definition: DefinitionSchema },
  { $id: 'DefinitionVersion' },
);

const ScheduleState = Type.Object(
  {
    on: Type.Boolean({ description: 'Whether it fires.' }),
    schedule: nullable(ScheduleRuleSchema),
    params: Type.Record(Type.String(), Type.String(), { description: 'Parameters of its runs.' }),
    owner: nullable(Type.String({ description: 'Whose rights its runs have.' })),
    next_at: nullable(Timestamp('When it fires next.')),
    last_at: nullable(Timestamp('The time that was last due.')),
  },
  { $id: 'DefinitionSchedule', description: 'The schedule of a definition, as it fires.' },
);

export const Params = Type.Record(Type.String(), Type.String(), {
  description: "Values of parameters, over the definition's own.",
  examples: [{ day: '2026-11-21' }],
});
const StartSchedule = Type.Object({ params: Type.Optional(Params) }, { $id: 'StartSchedule', ...closed });

/** One side of a comparison: exactly one member. */
const Side = Type.Object(
  {
    version: Type.Optional(Type.Integer({ minimum: 0, description: 'A version; 0: the draft.' })),
    definition: Type.Optional(DefinitionSchema),
  },
  {
    $id: 'DefinitionSide',
    description: 'The last submitted version, a version, or a definition itself.',
    ...closed,
  },
);
const DiffRequest = Type.Object({ from: Side, to: Side }, { $id: 'DefinitionDiffRequest', ...closed });
const Diff = Type.Object(
  {
    items: Type.Array(
      Type.Object({
        path: Type.String({ description: 'Where: `nodes[load].action.script.name`.' }),
        change: words(['added', 'removed', 'changed', 'moved'], 'What became of it.'),
        from: Type.Optional(Type.Unknown({ description: 'What is there in from.' })),
        to: Type.Optional(Type.Unknown({ description: 'What is there in to.' })),
      }),
      { description: 'Empty: they are the same.' },
    ),
  },
  { $id: 'DefinitionDiff' },
);

const lineOf = (version: DefinitionVersion): Static<typeof VersionLine> => ({
  version: version.version,
  submitted_by: version.submittedBy,
  submitted_at: timestamp(version.submittedAt),
});

const time = (ms: number | null): string | null => (ms === null ? null : timestamp(ms));

const scheduleView = (schedule: Schedule | null): Static<typeof ScheduleState> => ({
  on: schedule !== null,
  schedule: schedule === null ? null : encodeScheduleRule(schedule.rule),
  params: { ...schedule?.params },
  owner: schedule?.owner ?? null,
  next_at: time(schedule?.nextAt ?? null),
  last_at: time(schedule?.lastAt ?? null),
});

/** What definitions have beyond other things: versions, a schedule, differences. */
export function definitionRoutes(service: Service): readonly Route[] {
  const tags = ['definitions'];
  const path = '/workspaces/:workspace/definitions/:name';
  const common = { tags, access: 'authenticated', params: ItemParams } as const;
  const nameOf = ({ params }: ApiRequest): string => params.name as string;

  /** One side of a comparison, in JSON with all members. */
  async function sideOf(request: ApiRequest, context: CallContext, side: Static<typeof Side>) {
    if (side.definition !== undefined) {
      return encodeDefinition(decodeDefinition(side.definition as DefinitionJson));
    }
    const workspace = workspaceOf(request);
    return encodeDefinition(
      (await service.getVersion(context, workspace, nameOf(request), side.version)).content,
    );
  }

  return [
    {
      ...common,
      method: 'POST',
      path: `${path}/submit`,
      operationId: 'submitDefinition',
      summary: 'Make the draft of a definition its next version',
      responses: { 200: { description: 'Submitted.', schema: itemSchema(itemForms.definition) } },
      async handle(request) {
        const item = await service.submitDefinition(
          callContext(request),
          workspaceOf(request),
          nameOf(request),
        );
        const body = itemView(itemForms.definition, item);
        return { status: 200, headers: { etag: etagOf(body) }, body };
      },
    },
    {
      ...common,
      method: 'GET',
      path: `${path}/versions`,
      operationId: 'listDefinitionVersions',
      summary: 'List the submitted versions of a definition',
      responses: {
        200: { description: 'The versions.', schema: listOf(VersionLine, 'Newest first, at most 100.') },
      },
      async handle(request) {
        const found = await service.listVersions(callContext(request), workspaceOf(request), nameOf(request));
        return { status: 200, body: { items: found.map(lineOf) } };
      },
    },
    {
      ...common,
      method: 'GET',
      path: `${path}/versions/:version`,
      operationId: 'getDefinitionVersion',
      summary: 'Show a version of a definition',
      params: Type.Object({
        ...workspaceParam,
        name: Type.String({ description: 'Name of the definition.' }),
        version: Type.String({
          pattern: '^(?:0|[1-9][0-9]{0,8})$',
          description: 'Number of the version; 0: the draft.',
        }),
      }),
      responses: { 200: { description: 'The version.', schema: Version } },
      async handle(request) {
        const number = Number(request.params.version);
        const workspace = workspaceOf(request);
        const version = await service.getVersion(callContext(request), workspace, nameOf(request), number);
        const body = { ...lineOf(version), definition: encodeDefinition(version.content) };
        return { status: 200, headers: { etag: etagOf(body) }, body };
      },
    },
    {
      ...common,
      method: 'GET',
      path: `${path}/schedule`,
      operationId: 'getDefinitionSchedule',
      summary: 'Show whether the schedule of a definition is on, and when it fires',
      responses: { 200: { description: 'The schedule.', schema: ScheduleState } },
      handle: async (request) => ({
        status: 200,
        body: scheduleView(
          await service.getSchedule(callContext(request), workspaceOf(request), nameOf(request)),
        ),
      }),
    },
    {
      ...common,
      method: 'PUT',
      path: `${path}/schedule`,
      operationId: 'startDefinitionSchedule',
      summary: 'Switch the schedule of the last submitted version on',
      body: StartSchedule,
      responses: { 200: { description: 'It fires.', schema: ScheduleState } },
      async handle(request) {
        const { params } = request.body as Static<typeof StartSchedule>;
        const workspace = workspaceOf(request);
        const schedule = await service.startSchedule(
          callContext(request),
          workspace,
          nameOf(request),
          params,
        );
        return { status: 200, body: scheduleView(schedule) };
      },
    },
    {
      ...common,
      method: 'DELETE',
      path: `${path}/schedule`,
      operationId: 'stopDefinitionSchedule',
      summary: 'Switch the schedule of a definition off; runs go on',
      responses: { 204: { description: 'It is off.', schema: null } },
      async handle(request) {
        await service.stopSchedule(callContext(request), workspaceOf(request), nameOf(request));
        return { status: 204 };
      },
    },
    {
      ...common,
      method: 'POST',
      path: `${path}/diff`,
      operationId: 'diffDefinition',
      summary: 'Compare two versions of a definition, or one with a definition that the request holds',
      body: DiffRequest,
      responses: { 200: { description: 'The differences.', schema: Diff } },
      async handle(request) {
        const { from, to } = request.body as Static<typeof DiffRequest>;
        const context = callContext(request);
        const [before, after] = [await sideOf(request, context, from), await sideOf(request, context, to)];
        return { status: 200, body: { items: differencesOf(before, after) } };
      },
    },
  ];
}
