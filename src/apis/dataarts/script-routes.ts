import type { WorkspaceItem } from '../../core/definition.ts';
import type { Job } from '../../core/job.ts';
import { scriptRunName } from '../../service/runs.ts';
import type { ApiReply } from '../api.ts';
import { bodyDocument, readDocument, withMembers } from './document.ts';
import { findRun } from './find-run.ts';
import { type InstanceType, instanceTypes, type RunData } from './instance-view.ts';
import { scriptText } from './item-text.ts';
import { directoryOf } from './job-list.ts';
import { type Body, optionalBody, textsByName } from './members.ts';
import { apiId, type Call, jsonText, noContent, type Operation, type OperationParts } from './operation.ts';
import { pageOf, pick, textIn } from './paging.ts';
import { badRequest, codes, Refusal } from './refusal.ts';
import {
  executeBody,
  listQuery,
  scriptBody,
  scriptInstanceBody,
  scriptInstanceKey,
  scriptKey,
  scriptListBody,
  scriptStartedBody,
} from './schemas.ts';
import { readScript } from './translate/script.ts';

const tags = ['scripts'];
const mostScripts = 100;

/** Scripts, and runs of them. */
export function scriptOperations(parts: OperationParts): readonly Operation[] {
  const { service } = parts;
  return [
    {
      method: 'POST',
      path: '/scripts',
      operationId: 'createScript',
      summary: 'Create a script',
      tags,
      subject: 'script',
      body: scriptBody,
      responses: { 204: { description: 'It is created.', schema: null } },
      async handle({ context, workspace, request }) {
        await service.addItem(context, workspace, readScript(bodyDocument(request)));
        return noContent;
      },
    },
    {
      method: 'PUT',
      path: '/scripts/:script_name',
      operationId: 'updateScript',
      summary: 'Change a script',
      tags,
      subject: 'script',
      params: scriptKey,
      body: scriptBody,
      responses: { 204: { description: 'It is changed.', schema: null } },
      handle: (call) => change(parts, call),
    },
    {
      method: 'DELETE',
      path: '/scripts/:script_name',
      operationId: 'deleteScript',
      summary: 'Delete a script',
      tags,
      subject: 'script',
      params: scriptKey,
      responses: { 204: { description: 'It is gone.', schema: null } },
      async handle({ context, workspace, request }) {
        await service.removeItem(context, workspace, 'script', request.params.script_name ?? '');
        return noContent;
      },
    },
    {
      method: 'GET',
      path: '/scripts',
      operationId: 'listScripts',
      summary: 'List scripts',
      tags,
      subject: 'script',
      query: listQuery,
      responses: { 200: { description: 'A part of the scripts.', schema: scriptListBody } },
      handle: (call) => list(parts, call),
    },
    {
      method: 'GET',
      path: '/scripts/:script_name',
      operationId: 'getScript',
      summary: 'Read a script',
      tags,
      subject: 'script',
      params: scriptKey,
      responses: { 200: { description: 'The script, as it came.', schema: scriptBody } },
      async handle({ context, workspace, request }) {
        const item = await service.getItem(context, workspace, 'script', request.params.script_name ?? '');
        return jsonText(withMembers(scriptText(item), readBack(item)));
      },
    },
    {
      method: 'POST',
      path: '/scripts/:script_name/execute',
      operationId: 'executeScript',
      summary: 'Run a script by itself',
      tags,
      subject: 'script',
      params: scriptKey,
      body: executeBody,
      responses: { 200: { description: 'The number of the run.', schema: scriptStartedBody } },
      handle: (call) => execute(parts, call),
    },
    {
      method: 'GET',
      path: '/scripts/:script_name/instances/:instance_id',
      operationId: 'getScriptInstance',
      summary: 'How a run of a script stands',
      tags,
      subject: 'script',
      params: scriptInstanceKey,
      responses: { 200: { description: 'Its state.', schema: scriptInstanceBody } },
      async handle(call) {
        const run = await instanceOf(parts, call);
        return {
          status: 200,
          body: { status: runStatus(run), message: run.error?.message ?? '', results: [] },
        };
      },
    },
    {
      method: 'POST',
      path: '/scripts/:script_name/instances/:instance_id/stop',
      operationId: 'stopScriptInstance',
      summary: 'Stop a run of a script',
      tags,
      subject: 'script',
      params: scriptInstanceKey,
      responses: { 204: { description: 'It stops.', schema: null } },
      async handle(call) {
        await service.stopJob(call.context, (await instanceOf(parts, call)).id);
        return noContent;
      },
    },
  ];
}

async function change({ service }: OperationParts, call: Call): Promise<ApiReply> {
  const { context, workspace, request } = call;
  const name = request.params.script_name ?? '';
  const given = bodyDocument(request);
  const document = readDocument(withMembers(given.text, { name }), 'The request body');
  const item = readScript(document, codes.scriptEditFailed);
  if (item.name !== name) throw badRequest('The name of a script cannot be changed.');
  await service.putItem(context, workspace, name, item);
  return noContent;
}

async function list({ service }: OperationParts, call: Call): Promise<ApiReply> {
  const { context, workspace, request } = call;
  const part = textIn(request.query, 'scriptName') ?? '';
  const items = (await service.listItems(context, workspace, 'script')).filter(({ name }) =>
    name.includes(part),
  );
  const scripts = pick(items, pageOf(request.query, mostScripts)).map((item) => {
    const body = JSON.parse(scriptText(item)) as Body;
    const { content: _content, ...rest } = body;
    return { ...rest, name: item.name, directory: directoryOf(body), ...readBack(item) };
  });
  return { status: 200, body: { total: items.length, scripts } };
}

const readBack = (item: WorkspaceItem) => ({
  id: item.id,
  createUser: item.createdBy,
  createTime: item.createdAt,
  lastUpdateUser: item.updatedBy,
  modifyTime: item.updatedAt,
});

async function execute({ service }: OperationParts, call: Call): Promise<ApiReply> {
  const { context, workspace, request } = call;
  const instanceType: InstanceType = instanceTypes.manual;
  const data: RunData = { instanceType };
  const { job } = await service.startScript(
    context,
    {
      workspace,
      script: request.params.script_name ?? '',
      params: textsByName(optionalBody(request.body).params, 'params'),
    },
    { api: apiId, apiData: { ...data } },
  );
  return { status: 200, body: { instanceId: String(job.seq) } };
}

async function instanceOf({ service }: OperationParts, call: Call): Promise<Job> {
  const { script_name: name = '', instance_id: instanceId = '' } = call.request.params;
  await service.getItem(call.context, call.workspace, 'script', name);
  const run = await findRun(service, call, scriptRunName(name), instanceId);
  if (run !== null) return run;
  throw new Refusal(codes.scriptInstanceMissing, 'The script instance does not exist.');
}

/** Words of the contract for runs of scripts. */
function runStatus({ state }: Job): string {
  if (state === 'queued') return 'LAUNCHING';
  if (state === 'completed') return 'FINISHED';
  return ['failed', 'stopped', 'cancelled'].includes(state) ? 'FAILED' : 'RUNNING';
}
