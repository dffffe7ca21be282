import type { WorkspaceItemKind } from '../../core/definition.ts';
import { AppError, isInterruption } from '../../core/errors.ts';
import type { ApiReply } from '../api.ts';
import { largestArchive } from './archive/read-archive.ts';
import { type ArchiveItem, readArchiveItems } from './archive/read-items.ts';
import { importParamsOf, withParams } from './import-params.ts';
import { directoryOf } from './job-list.ts';
import { type Body, objectsOf, optionalBody, parameterText, textOf, wordOf } from './members.ts';
import { apiId, type Call, type Operation, type OperationParts } from './operation.ts';
import { textIn } from './paging.ts';
import { findPlace, readStoragePath } from './places.ts';
import { badRequest, codes, Refusal } from './refusal.ts';
import {
  checkedFileBody,
  checkFileBody,
  importBody,
  importConnectionsBody,
  taskBody,
  taskKey,
  taskStartedBody,
} from './schemas.ts';
import { jobIdOf, taskIdOf } from './task-id.ts';
import { taskView } from './task-view.ts';

const tags = ['export and import'];
/** What may lie in a zip of jobs. */
const jobKinds: readonly WorkspaceItemKind[] = ['definition', 'script', 'resource'];
/** Bodies that are the zip itself. */
const zipTypes = ['application/zip', 'application/octet-stream'];
const sameNamePolicies = ['SKIP', 'OVERWRITE'] as const;

/** Zips of jobs and connections: looked into, and imported as tasks. */
export function importOperations(parts: OperationParts): readonly Operation[] {
  const taskRoute = (path: string, isHidden: boolean): Operation => ({
    method: 'GET',
    path,
    operationId: isHidden ? 'getSystemTask' : 'getTask',
    summary: 'How an import stands',
    tags,
    subject: 'job',
    params: taskKey,
    ...(isHidden ? { hidden: true } : {}),
    responses: { 200: { description: 'The task.', schema: taskBody } },
    handle: (call) => task(parts, call),
  });
  return [
    {
      method: 'POST',
      path: '/jobs/check-file',
      operationId: 'checkFile',
      summary: 'Say what a zip holds',
      description: 'The zip is at `path`; or it is the body, as application/zip.',
      tags,
      subject: 'job',
      body: checkFileBody,
      rawMediaTypes: zipTypes,
      responses: { 200: { description: 'Its jobs and scripts.', schema: checkedFileBody } },
      handle: (call) => checkFile(parts, call),
    },
    {
      method: 'POST',
      path: '/jobs/import',
      operationId: 'importJobs',
      summary: 'Import a zip of jobs',
      description:
        'All of it, or nothing. The zip is at `path`; or it is the body, as application/zip, and sameNamePolicy and targetStatus are in the query.',
      tags,
      subject: 'job',
      body: importBody,
      rawMediaTypes: zipTypes,
      responses: { 200: { description: 'The task that does it.', schema: taskStartedBody } },
      handle: (call) => importFile(parts, call, jobKinds),
    },
    {
      method: 'POST',
      path: '/connections/import',
      operationId: 'importConnections',
      summary: 'Import a zip of connections',
      description: 'Each leads to a database that is registered here.',
      tags,
      subject: 'connection',
      body: importConnectionsBody,
      rawMediaTypes: zipTypes,
      responses: { 200: { description: 'The task that does it.', schema: taskStartedBody } },
      handle: (call) => importFile(parts, call, ['connection']),
    },
    taskRoute('/system-tasks/:task_id', false),
    taskRoute('/systemTasks/:task_id', true),
  ];
}

/** A zip that a request names or brings, and how people call where it came from. */
interface GivenFile {
  readonly source: string;
  readonly items: readonly ArchiveItem[];
}

async function readFile(
  { service }: OperationParts,
  { context, request }: Call,
  body: Body,
  kinds: readonly WorkspaceItemKind[],
): Promise<GivenFile> {
  const given = bytesOf(request);
  if (given !== null) {
    return { source: 'the request', items: await readArchiveItems(given, kinds, context.signal) };
  }
  const path = textOf(body, 'path')?.trim() ?? '';
  if (path === '') throw badRequest('path is missing.');
  const parsed = readStoragePath(path);
  if (parsed === null || parsed.key === '')
    throw unreadable(`It is no path such as obs://bucket/folder/file.zip.`);
  const bytes = await fetched(async () => {
    const place = await findPlace(service, context, parsed, textOf(body, 'credential'));
    if (place !== null) return service.readPlaceFile(context, { ...place, maxBytes: largestArchive });
    throw unreadable(
      `No directory leads to the bucket ${parsed.bucket}, and you have no credential of the type ${parsed.scheme}.`,
    );
  });
  return { source: withoutQuery(path), items: await readArchiveItems(bytes, kinds, context.signal) };
}

/** The zip that is the body of a request; null: the body is JSON. */
function bytesOf({ headers, rawBody }: Call['request']): Uint8Array | null {
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return zipTypes.includes(type) && rawBody !== undefined && rawBody.length > 0 ? rawBody : null;
}

/** Errors of places in the contract's words; that a caller may not is said in others. */
async function fetched(read: () => Promise<Uint8Array>): Promise<Uint8Array> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof AppError) || error instanceof Refusal || isInterruption(error)) throw error;
    if (error.kind === 'forbidden' || error.kind === 'internal') throw error;
    throw unreadable(error.hint === '' ? error.message : `${error.message} ${error.hint}`);
  }
}

const unreadable = (why: string): Refusal =>
  new Refusal(codes.fileUnreadable, `The OBS file cannot be read. ${why}`);

/** Queries of storage URLs may be signatures. */
const withoutQuery = (path: string): string => path.replace(/\?.*$/s, '');

async function checkFile(parts: OperationParts, call: Call): Promise<ApiReply> {
  const { items } = await readFile(parts, call, optionalBody(call.request.body), jobKinds);
  const of = (kind: WorkspaceItemKind) => items.filter(({ item }) => item.kind === kind);
  return {
    status: 200,
    body: {
      jobs: of('definition').map(({ item, document: { body } }) => ({
        name: item.name,
        path: directoryOf(body),
        params: Object.fromEntries(
          objectsOf(body, 'params').map(({ name, value }) => [
            String(name),
            parameterText(value, 'params.value'),
          ]),
        ),
      })),
      scripts: of('script').map(({ item, document }) => ({
        name: item.name,
        path: directoryOf(document.body),
      })),
    },
  };
}

async function importFile(
  parts: OperationParts,
  call: Call,
  kinds: readonly WorkspaceItemKind[],
): Promise<ApiReply> {
  const { context, workspace, request } = call;
  const body = bytesOf(request) === null ? optionalBody(request.body) : queryBody(request.query);
  const sameName = wordOf(body, 'sameNamePolicy', sameNamePolicies, 'SKIP');
  const isDraft = wordOf(body, 'targetStatus', ['SAVED', 'SUBMITTED', 'PRODUCTION'], 'SUBMITTED') === 'SAVED';
  const params = kinds.includes('definition') ? importParamsOf(body) : { all: {}, byJob: new Map() };
  const { source, items } = await readFile(parts, call, body, kinds);
  const { job } = await parts.service.startDefinitionImport(
    context,
    {
      workspace,
      source,
      items: items.map((each) => withParams(each, params)),
      sameName: sameName === 'SKIP' ? 'skip' : 'overwrite',
      targetStatus: isDraft ? 'saved' : 'submitted',
    },
    { api: apiId },
  );
  return { status: 200, body: { taskId: taskIdOf(job.id) } };
}

/** What a request says in its query whose body is the zip. */
const queryBody = (query: Call['request']['query']): Body => ({
  sameNamePolicy: textIn(query, 'sameNamePolicy'),
  targetStatus: textIn(query, 'targetStatus'),
});

async function task({ service }: OperationParts, { context, request }: Call): Promise<ApiReply> {
  const { task_id: id = '', project_id: projectId = '' } = request.params;
  const missing = new Refusal(codes.taskMissing, `Task[${id}] does not exist`);
  try {
    const job = await service.getJob(context, jobIdOf(id));
    if (job.kind !== 'definition_import') throw missing;
    return { status: 200, body: taskView(job, projectId) };
  } catch (error) {
    throw error instanceof AppError && error.code === 'job-unknown' ? missing : error;
  }
}
