import type { ApiReply } from '../api.ts';
import { bodyDocument, type JsonDocument, withMembers } from './document.ts';
import { jobText } from './item-text.ts';
import { jobList } from './job-list.ts';
import { keepDependJobs } from './keep-depend-jobs.ts';
import { type Body, wordOf } from './members.ts';
import { type Call, jsonText, noContent, type Operation, type OperationParts } from './operation.ts';
import { numberIn } from './paging.ts';
import { jobBody, jobKey, jobListBody, jobListQuery, jobStatusBody, versionQuery } from './schemas.ts';
import { processTypeOf, readJob } from './translate/job-from-json.ts';

const tags = ['jobs'];
/** What a saved job becomes at once; without a word it stays a draft. */
const targetStates = ['SAVED', 'SUBMITTED', 'PRODUCTION'] as const;

/** Jobs as they are kept. */
export function jobOperations({ service }: OperationParts): readonly Operation[] {
  /** Submits a job that was saved, where its body asks for that. */
  async function submit(call: Call, name: string, body: Body): Promise<void> {
    if (wordOf(body, 'targetStatus', targetStates, 'SAVED') === 'SAVED') return;
    await service.submitDefinition(call.context, call.workspace, name);
  }

  async function create(call: Call): Promise<ApiReply> {
    const { context, workspace } = call;
    const document = bodyDocument(call.request);
    const item = readJob(document);
    wordOf(document.body, 'targetStatus', targetStates, 'SAVED');
    await service.addItem(context, workspace, item);
    try {
      await submit(call, item.name, document.body);
    } catch (error) {
      // What was refused is not there: the same call can be made again.
      await service.removeItem(context, workspace, 'definition', item.name);
      throw error;
    }
    return noContent;
  }

  async function change(call: Call): Promise<ApiReply> {
    const { context, workspace, request } = call;
    const name = request.params.job_name ?? '';
    const old = await service.getItem(context, workspace, 'definition', name);
    const document = changedJob(bodyDocument(request), name, jobText(old, old));
    const item = readJob(document);
    wordOf(document.body, 'targetStatus', targetStates, 'SAVED');
    await service.putItem(context, workspace, name, item);
    await submit(call, item.name, document.body);
    return noContent;
  }

  async function get({ context, workspace, request }: Call): Promise<ApiReply> {
    const name = request.params.job_name ?? '';
    const item = await service.getItem(context, workspace, 'definition', name);
    const version = numberIn(request.query, 'version');
    const found =
      version === null
        ? { content: item.content, document: item.document, version: item.version }
        : await service.getVersion(context, workspace, name, version);
    const readBack = {
      id: item.id,
      createTime: item.createdAt,
      createUser: item.createdBy,
      lastUpdateTime: item.updatedAt,
      lastUpdateUser: item.updatedBy,
      version: String(found.version),
    };
    return jsonText(withMembers(jobText(item, found), readBack));
  }

  async function status({ context, workspace, request }: Call): Promise<ApiReply> {
    const name = request.params.job_name ?? '';
    const item = await service.getItem(context, workspace, 'definition', name);
    const isOn = (await service.getSchedule(context, workspace, name)) !== null;
    const body = JSON.parse(jobText(item, item)) as Body;
    return {
      status: 200,
      body: {
        name,
        status: isOn && processTypeOf(body) === 'BATCH' ? 'SCHEDULING' : 'STOPPED',
        lastUpdateTime: item.updatedAt,
        nodes: [],
      },
    };
  }

  return [
    {
      method: 'POST',
      path: '/jobs',
      operationId: 'createJob',
      summary: 'Create a job',
      description: 'As a draft; targetStatus SUBMITTED or PRODUCTION makes its first version too.',
      tags,
      subject: 'job',
      body: jobBody,
      responses: { 204: { description: 'It is created.', schema: null } },
      handle: create,
    },
    {
      method: 'PUT',
      path: '/jobs/:job_name',
      operationId: 'updateJob',
      summary: 'Change a job',
      tags,
      subject: 'job',
      params: jobKey,
      body: jobBody,
      responses: { 204: { description: 'It is changed.', schema: null } },
      handle: change,
    },
    {
      method: 'DELETE',
      path: '/jobs/:job_name',
      operationId: 'deleteJob',
      summary: 'Delete a job',
      tags,
      subject: 'job',
      params: jobKey,
      responses: { 204: { description: 'It is gone.', schema: null } },
      async handle({ context, workspace, request }) {
        await service.removeItem(context, workspace, 'definition', request.params.job_name ?? '');
        return noContent;
      },
    },
    {
      method: 'GET',
      path: '/jobs',
      operationId: 'listJobs',
      summary: 'List jobs',
      tags,
      subject: 'job',
      query: jobListQuery,
      responses: { 200: { description: 'A part of the jobs.', schema: jobListBody } },
      handle: async (call) => ({ status: 200, body: await jobList(service, call) }),
    },
    {
      method: 'GET',
      path: '/jobs/:job_name',
      operationId: 'getJob',
      summary: 'Read a job, or a version of it',
      tags,
      subject: 'job',
      params: jobKey,
      query: versionQuery,
      responses: { 200: { description: 'Its definition, as it came.', schema: jobBody } },
      handle: get,
    },
    {
      method: 'GET',
      path: '/jobs/:job_name/status',
      operationId: 'getJobStatus',
      summary: 'Whether a job is on',
      tags,
      subject: 'job',
      params: jobKey,
      responses: { 200: { description: 'Its state.', schema: jobStatusBody } },
      handle: status,
    },
  ];
}

/** The text of a change: with its name where it has none, and with what it leaves as it was. */
function changedJob({ text }: JsonDocument, name: string, old: string): JsonDocument {
  const changed = keepDependJobs(withMembers(text, { name }), old);
  return { text: changed, body: JSON.parse(changed) as Body };
}
