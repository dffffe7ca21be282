import { etagOf } from '../../base/etag.ts';
import { AppError } from '../../core/errors.ts';
import type { CallContext, Service } from '../../service/service.ts';
import type { StartExport, StartOptions } from '../../service/start-input.ts';
import type { ApiReply, ApiRequest } from '../api.ts';
import type { Address } from './address.ts';
import { dumpFiles } from './find-job.ts';
import { jobFacts, jobItem } from './job-item.ts';
import { defaultDumpName, jobNames } from './job-names.ts';
import { jobHref } from './links.ts';
import { spell } from './members.ts';
import { callContext, type Operation, type OrdsParts } from './operation.ts';
import { exportRequest, importRequest, jobItemSchema, startRequest } from './schemas.ts';
import { extensionMembers } from './start-options.ts';
import { type Operation as DataPumpOperation, decodeStart } from './start-request.ts';

const tags = ['Data Pump'];
const created = {
  201: {
    description: 'The job is accepted and runs on. Location and Content-Location are its address.',
    schema: jobItemSchema,
  },
};

/** POST export, import, and the older form on jobs/. */
export function startOperations(parts: OrdsParts): readonly Operation[] {
  return [
    {
      method: 'POST',
      path: '/database/datapump/export',
      aliases: ['/database/datapump/export/'],
      operationId: 'startDataPumpExport',
      summary: 'Start an export',
      description: 'Writes the chosen objects and their rows to dump files, as a job.',
      tags,
      access: 'authenticated',
      body: exportRequest,
      responses: created,
      handle: (request, address) => start(parts, 'EXPORT', request, address),
    },
    {
      method: 'POST',
      path: '/database/datapump/import',
      aliases: ['/database/datapump/import/'],
      operationId: 'startDataPumpImport',
      summary: 'Start an import',
      description: 'Reads dump files that an export wrote into the database, as a job.',
      tags,
      access: 'authenticated',
      body: importRequest,
      responses: created,
      handle: (request, address) => start(parts, 'IMPORT', request, address),
    },
    {
      method: 'POST',
      path: '/database/datapump/jobs/',
      aliases: ['/database/datapump/jobs'],
      operationId: 'startDataPumpJob',
      summary: 'Start an export or an import (older form)',
      description: 'The same as export and import, told apart by the member operation.',
      tags,
      access: 'authenticated',
      body: startRequest,
      responses: created,
      handle: (request, address) => start(parts, null, request, address),
    },
  ];
}

async function start(
  parts: OrdsParts,
  operation: DataPumpOperation | null,
  request: ApiRequest,
  address: Address,
): Promise<ApiReply> {
  const context = callContext(request);
  const command = decodeStart(operation, request.body, address);
  const idempotencyKey = request.headers['idempotency-key'];
  const options: StartOptions = {
    api: 'ords',
    apiData: { ...command.apiData },
    jobName: jobNames(command.operation, parts.clock.now()),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  };
  await requireOwnCredential(parts.service, context, command.input);
  const { job } = await namingMembers(() =>
    command.operation === 'EXPORT'
      ? parts.service.startExport(context, command.input, { ...options, defaultFilePattern: defaultDumpName })
      : parts.service.startImport(context, command.input, options),
  );

  const facts = jobFacts(job, parts.endState);
  if (facts === null) {
    throw new AppError('job-state', {
      message: `The job ${job.name} that the Idempotency-Key stands for was cancelled.`,
      hint: 'Use a new key for a new job.',
    });
  }
  const item = jobItem(job, facts, await dumpFiles(parts.service, context, job), address);
  const self = jobHref(address, facts.owner_name, job.name);
  return {
    status: 201,
    headers: {
      'Content-Type': 'application/json',
      Location: self,
      'Content-Location': self,
      ETag: etagOf(item),
    },
    body: item,
  };
}

/** ORDS takes a caller's own credentials alone, also of an administrator. Throws `credential-unknown`. */
async function requireOwnCredential(
  service: Pick<Service, 'getCredential'>,
  context: CallContext,
  { location }: Pick<StartExport, 'location'>,
): Promise<void> {
  const name = location?.type === 'url' ? location.credential : null;
  if (name === null) return;
  const { owner } = await service.getCredential(context, name).catch((error: unknown) => {
    if (error instanceof AppError && error.code === 'credential-unknown') return { owner: null };
    throw error;
  });
  if (owner === context.caller.name) return;
  throw new AppError('credential-unknown', {
    field: 'credential_name',
    message: `credential_name names no credential of user ${context.caller.name}: ${spell(name)}.`,
    hint: 'Add it for this user (pumphouse credential add NAME --owner USER, or POST /api/v1/credentials), or leave credential_name out and use datapump_dir.',
  });
}

/** The members of this API's requests by the fields of the service. */
const memberOf: Readonly<Record<string, string>> = {
  file_pattern: 'file_name',
  directory: 'datapump_dir',
  location: 'file_name',
  credential: 'credential_name',
  mode: 'job_mode',
  name_expressions: 'name_expressions',
  schema_expressions: 'schema_expressions',
  tablespace_expressions: 'tablespace_expressions',
  remap_schemas: 'remap_schemas',
};

/** The member that a field of the service is in this API; undefined for fields that no member stands for. */
function memberFor(field: string): string | undefined {
  const [name = ''] = field.split(/[.[]/);
  if (!extensionMembers.includes(name)) return memberOf[field];
  return field.replace(/\.name_expression$/, '.expression');
}

/** Runs `start`; the message of a refusal names the member of this API's request that it is about. */
async function namingMembers<T>(start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    const member = error instanceof AppError ? memberFor(error.field ?? '') : undefined;
    if (!(error instanceof AppError) || member === undefined || error.message.includes(member)) throw error;
    const { code, message, hint, context, cause } = error;
    throw new AppError(code, { message: `${member}: ${message}`, hint, context, cause, field: member });
  }
}
