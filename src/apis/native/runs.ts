import Type, { type Static } from 'typebox';
import type { NewItem, WorkspaceItemKind } from '../../core/definition.ts';
import { jobStates } from '../../core/job.ts';
import type { RunNode } from '../../service/definition-service.ts';
import type { Service } from '../../service/service.ts';
import type { ApiRequest, Route } from '../api.ts';
import { callContext } from './call-context.ts';
import { Params } from './definitions.ts';
import { type ItemForm, itemForms } from './item-views.ts';
import { ItemParams } from './items.ts';
import { Priority } from './job-fields.ts';
import { defined } from './job-input.ts';
import { JobSchema } from './job-view.ts';
import type { JobViews } from './job-views.ts';
import { JobParams } from './jobs.ts';
import { Count, listOf, nullable, Timestamp, timestamp, words } from './schema-parts.ts';
import { startOptions } from './start-job.ts';
import { WorkspaceParams, workspaceOf } from './workspaces.ts';

const closed = { additionalProperties: false };

/** Bytes: an import is all or none, so that it cannot be sent in parts. */
const largestImport = 32 * 1024 * 1024;

const mail = Type.Optional(Type.Boolean({ description: 'Tell by e-mail how the job ends.' }));
const NewRun = Type.Object(
  {
    version: Type.Optional(
      Type.Integer({
        minimum: 0,
        description:
          'Version to run; 0: the draft. By default the last submitted one, or the draft where there is none.',
      }),
    ),
    params: Type.Optional(Params),
    threads: Type.Optional(
      Type.Integer({ minimum: 1, description: 'The most nodes to run at once; 1 by default.' }),
    ),
    ...Priority,
    mail,
  },
  { $id: 'NewRun', ...closed },
);
const NewScriptRun = Type.Object(
  { params: Type.Optional(Params), ...Priority, mail },
  { $id: 'NewScriptRun', ...closed },
);

const ListQuery = Type.Object(
  {
    definition: Type.Optional(Type.String({ description: 'Only runs of this definition.' })),
    state: Type.Optional(Type.Array(words(jobStates, 'State.'), { description: 'Only these; may repeat.' })),
    cursor: Type.Optional(Type.String({ description: '`next_cursor` of the page before.' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: '100 by default.' })),
  },
  closed,
);

const RunNodeSchema = Type.Object(
  {
    name: Type.String({ description: 'Name of the node.' }),
    type: Type.String({ description: 'What it does: sql, job, http, none.' }),
    state: words(
      ['waiting', 'running', 'completed', 'failed', 'ignored', 'skipped'],
      'ignored: it failed, and that was allowed.',
    ),
    started_at: nullable(Timestamp('When it began.')),
    finished_at: nullable(Timestamp('When it ended.')),
    tries: Count('Tries that were begun.'),
    error: nullable(Type.String({ description: 'Why the last try failed.' })),
    job: nullable(Type.String({ description: 'Id of the job that it started.' })),
  },
  { $id: 'RunNode', description: 'How a node of a run stands.' },
);

const entryOf = <K extends WorkspaceItemKind>({ kind, body }: ItemForm<K>) =>
  Type.Object(
    { kind: Type.Literal(kind), ...body.properties },
    { $id: `Imported${kind[0]?.toUpperCase()}${kind.slice(1)}`, ...closed },
  );
const NewImportOfDefinitions = Type.Object(
  {
    source: Type.Optional(Type.String({ description: 'Where the items come from, for people.' })),
    items: Type.Array(
      Type.Union([
        entryOf(itemForms.definition),
        entryOf(itemForms.script),
        entryOf(itemForms.resource),
        entryOf(itemForms.connection),
      ]),
      { description: 'Definitions, scripts, resources and connections; `kind` tells which.' },
    ),
    same_name: Type.Optional(
      words(
        ['skip', 'overwrite'],
        'What becomes of one that is there already: skip, the default, leaves it.',
      ),
    ),
    target_status: Type.Optional(
      words(
        ['saved', 'submitted', 'scheduled'],
        'Drafts only (the default), a version too, or their schedules started too.',
      ),
    ),
    mail,
  },
  { $id: 'NewDefinitionImport', ...closed },
);

const nodeView = (node: RunNode): Static<typeof RunNodeSchema> => ({
  name: node.name,
  type: node.type,
  state: node.state,
  started_at: node.startedAt === null ? null : timestamp(node.startedAt),
  finished_at: node.finishedAt === null ? null : timestamp(node.finishedAt),
  tries: node.tries,
  error: node.error,
  job: node.jobId,
});

/** An entry as the schema lets it through. */
interface ImportedEntry {
  readonly kind: WorkspaceItemKind;
  readonly name: string;
}

/** What an imported entry holds. */
function decodeItem(entry: ImportedEntry): NewItem {
  const content = itemForms[entry.kind].decode(entry as never);
  return { kind: entry.kind, name: entry.name, content, document: null };
}

/** Runs of definitions and scripts, which are jobs, and imports of definitions. */
export function runRoutes(service: Service, views: JobViews): readonly Route[] {
  const nameOf = ({ params }: ApiRequest): string => params.name as string;
  const started = {
    200: { description: 'The Idempotency-Key was known: its job.', schema: JobSchema },
    201: { description: 'Started.', schema: JobSchema },
  };

  return [
    {
      method: 'POST',
      path: '/workspaces/:workspace/definitions/:name/runs',
      operationId: 'startRun',
      summary: 'Run a definition now, as a job',
      tags: ['runs'],
      access: 'authenticated',
      params: ItemParams,
      body: NewRun,
      responses: started,
      async handle(request) {
        const { mail, priority, ...asked } = request.body as Static<typeof NewRun>;
        const input = { workspace: workspaceOf(request), definition: nameOf(request), ...asked };
        const options = defined({ ...startOptions(request), mail, priority });
        return views.started(await service.startRun(callContext(request), input, options), request);
      },
    },
    {
      method: 'POST',
      path: '/workspaces/:workspace/scripts/:name/runs',
      operationId: 'startScript',
      summary: 'Run a script by itself, on its own connection',
      tags: ['runs'],
      access: 'authenticated',
      params: ItemParams,
      body: NewScriptRun,
      responses: started,
      async handle(request) {
        const { mail, priority, ...asked } = request.body as Static<typeof NewScriptRun>;
        const input = { workspace: workspaceOf(request), script: nameOf(request), ...asked };
        const options = defined({ ...startOptions(request), mail, priority });
        return views.started(await service.startScript(callContext(request), input, options), request);
      },
    },
    {
      method: 'GET',
      path: '/workspaces/:workspace/runs',
      operationId: 'listRuns',
      summary: 'List the runs of a workspace that the caller may see',
      tags: ['runs'],
      access: 'authenticated',
      params: WorkspaceParams,
      query: ListQuery,
      responses: {
        200: {
          description: 'A page of runs.',
          schema: Type.Object({
            items: Type.Array(JobSchema, { description: 'Newest first.' }),
            next_cursor: nullable(Type.String({ description: 'For the next page; null on the last one.' })),
          }),
        },
      },
      async handle(request) {
        const { state, limit = 100, ...rest } = request.query as Static<typeof ListQuery>;
        const query = defined({ workspace: workspaceOf(request), ...rest, states: state, limit });
        const { jobs, nextCursor } = await service.listRuns(callContext(request), query);
        return {
          status: 200,
          body: { items: jobs.map((job) => views.of(job, request)), next_cursor: nextCursor },
        };
      },
    },
    {
      method: 'GET',
      path: '/jobs/:id/nodes',
      operationId: 'listRunNodes',
      summary: 'Show how each node of a run stands',
      tags: ['runs'],
      access: 'authenticated',
      params: JobParams,
      responses: {
        200: { description: 'The nodes.', schema: listOf(RunNodeSchema, 'In the order of the definition.') },
      },
      async handle(request) {
        const nodes = await service.runNodes(callContext(request), request.params.id as string);
        return { status: 200, body: { items: nodes.map(nodeView) } };
      },
    },
    {
      method: 'POST',
      path: '/workspaces/:workspace/imports',
      operationId: 'importDefinitions',
      summary: 'Bring definitions and what they are made of into a workspace, all or none, as a job',
      tags: ['runs'],
      access: 'authenticated',
      params: WorkspaceParams,
      body: NewImportOfDefinitions,
      bodyLimit: largestImport,
      responses: started,
      async handle(request) {
        const body = request.body as Static<typeof NewImportOfDefinitions>;
        const input = defined({
          workspace: workspaceOf(request),
          source: body.source ?? 'a request',
          items: body.items.map((entry) => decodeItem(entry as ImportedEntry)),
          sameName: body.same_name ?? ('skip' as const),
          targetStatus: body.target_status,
        });
        const options = defined({ ...startOptions(request), mail: body.mail });
        return views.started(
          await service.startDefinitionImport(callContext(request), input, options),
          request,
        );
      },
    },
  ];
}
