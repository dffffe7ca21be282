import { AppError, isInterruption } from '../../core/errors.ts';
import type { ApiReply } from '../api.ts';
import type { ArchiveMember } from './archive/members.ts';
import { writeArchive } from './archive/write-archive.ts';
import { type ExportChoice, exportMembers } from './export-items.ts';
import { type Body, flagOf, optionalBody, textOf, wordOf } from './members.ts';
import type { Call, Operation, OperationParts } from './operation.ts';
import { findPlace, type PlacedFile, readStoragePath } from './places.ts';
import { badRequest, codes, Refusal } from './refusal.ts';
import { batchExportBody, exportBody, exportedBody, jobKey } from './schemas.ts';
import { zipReply } from './zip-reply.ts';

const tags = ['export and import'];
const mostJobs = 100;
const responses = {
  200: {
    description: 'The zip; or, with obsPath, the folder that it lies in.',
    schema: exportedBody,
    otherMediaTypes: ['application/octet-stream'],
  },
};

/** Jobs as zips: over the wire, or into a storage. */
export function exportOperations(parts: OperationParts): readonly Operation[] {
  return [
    {
      method: 'POST',
      path: '/jobs/:job_name/export',
      operationId: 'exportJob',
      summary: 'Export a job',
      description:
        'With obsPath the zip lies there when the answer comes. A bucket that nobody has made known here is passed over: the zip is streamed.',
      tags,
      subject: 'job',
      params: jobKey,
      body: exportBody,
      responses,
      async handle(call) {
        const body = optionalBody(call.request.body);
        const choice = choiceOf(body);
        const name = call.request.params.job_name ?? '';
        const members = await exportMembers(parts.service, call, [name], 'single', choice);
        const destination = await destinationOf(parts, call, body);
        if (destination === null) return zipReply(`DLF_${name}.zip`, writeArchive(members));
        return store(parts, call, { ...destination, stem: name, about: `The job ${name}` }, members);
      },
    },
    {
      method: 'POST',
      path: '/jobs/batch-export',
      operationId: 'exportJobs',
      summary: 'Export several jobs',
      tags,
      subject: 'job',
      body: batchExportBody,
      responses,
      async handle(call) {
        const body = optionalBody(call.request.body);
        const [choice, jobs] = [choiceOf(body), jobsOf(body)];
        const members = await exportMembers(parts.service, call, jobs, 'batch', choice);
        const destination = await destinationOf(parts, call, body);
        if (destination === null) return zipReply('jobs.zip', writeArchive(members));
        const about = jobs.length === 1 ? 'A job' : `${jobs.length} jobs`;
        return store(parts, call, { ...destination, stem: 'jobs', about }, members);
      },
    },
  ];
}

const choiceOf = (body: Body): ExportChoice => ({
  status: wordOf(body, 'exportStatus', ['DEVELOP', 'SUBMIT'], 'DEVELOP'),
  withDependencies: flagOf(body, 'exportDepend', true),
});

/** The jobs of a list, each once. */
function jobsOf({ jobList }: Body): readonly string[] {
  const isList = Array.isArray(jobList) && jobList.length >= 1 && jobList.length <= mostJobs;
  if (!isList || !jobList.every((name) => typeof name === 'string' && name !== '')) throw badRequest();
  return [...new Set(jobList as readonly string[])];
}

/** A folder of a request, at a place that is known here. */
interface Destination {
  /** As it was given, with a slash at its end; `query` is what stood behind it. */
  readonly folder: string;
  readonly query: string;
  readonly location: PlacedFile['location'];
  /** The same folder below the location: empty, or with a slash at its end. */
  readonly below: string;
}

/** Stands for the file until its name is known. */
const fileMark = 'export.zip';

/** Null: the zip is the answer, since no folder is named, or one in a bucket that is not known. Throws DLF.0803. */
async function destinationOf(
  { service }: OperationParts,
  { context }: Call,
  body: Body,
): Promise<Destination | null> {
  const given = textOf(body, 'obsPath')?.trim();
  if (given === undefined) return null;
  const path = readStoragePath(given);
  if (path === null)
    throw new Refusal(codes.pathInvalid, 'The OBS path is invalid: it is obs://bucket/folder/.');
  const key = path.key === '' ? fileMark : `${path.key}/${fileMark}`;
  const place = await known(() => findPlace(service, context, { ...path, key }, textOf(body, 'credential')));
  if (place === null) return null;
  const folder = given.slice(0, given.length - path.query.length);
  return {
    folder: folder.endsWith('/') ? folder : `${folder}/`,
    query: path.query,
    location: place.location,
    below: place.file.slice(0, -fileMark.length),
  };
}

/** What is to be written: a zip below a folder, and how messages speak of what is in it. */
interface Storing extends Destination {
  readonly stem: string;
  readonly about: string;
}

/** Writes the zip as one finished object, and tells its folder. */
async function store(
  { service, clock }: OperationParts,
  { context }: Call,
  { folder, query, location, below, stem, about }: Storing,
  members: readonly ArchiveMember[],
): Promise<ApiReply> {
  const ownFolder = `${stem}_exported/${clock.now()}`;
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeArchive(members)) chunks.push(chunk);
  const file = `${below}${ownFolder}/${stem}.zip`;
  const bytes = Buffer.concat(chunks);
  await known(() => service.writePlaceFile(context, { location, file, bytes, about }));
  return { status: 200, body: { obsPath: `${folder}${ownFolder}${query}` } };
}

/** Errors of places in the contract's words; that a caller may not is said in others. */
async function known<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AppError) || isInterruption(error)) throw error;
    if (error.kind === 'forbidden' || error.kind === 'internal') throw error;
    const hint = error.hint === '' ? '' : ` ${error.hint}`;
    throw new Refusal(
      codes.bucketMissing,
      `The export cannot be written to the bucket. ${error.message}${hint}`,
    );
  }
}
