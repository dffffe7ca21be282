import type { Clock } from '../../base/clock.ts';
import type { DatabaseAbilities, DatabaseView } from '../../service/service.ts';
import type { StartImport } from '../../service/start-input.ts';
import type { ApiReply, ApiRequest } from '../api.ts';
import { actionUid } from './action-uid.ts';
import { bdbKey } from './bdb-routes.ts';
import { importBody, startedBody } from './bodies.ts';
import { readSource, type SourceFile } from './locations.ts';
import { type Body, flagOf, kindOf, objectAt, refuseUnknown } from './members.ts';
import { createPlaceNames, type PlaceNames, pathLocation } from './named-places.ts';
import { bdbOf, callContext, type Operation, type OperationParts } from './operation.ts';
import { badRequest } from './refusal.ts';
import { readSettings } from './settings.ts';
import { runThreads, startOptions } from './start-run.ts';

export const sourcesKey = 'dataset_import_sources';
/** Most files of one import. */
const mostSources = 512;

export interface ImportParts extends OperationParts {
  readonly clock: Clock;
}

/** POST of an import. */
export function importOperations(parts: ImportParts): readonly Operation[] {
  return [
    {
      method: 'POST',
      path: '/v1/bdbs/:uid/actions/import',
      operationId: 'importBdb',
      summary: 'Import into a database',
      description:
        'Erases what the database holds, once all sources were fetched and checked, and loads them. Without sources, those that PUT has stored on the database are used.',
      tags: ['bdbs'],
      permission: 'start_bdb_import',
      params: bdbKey,
      body: importBody,
      responses: { 200: { description: 'The import is accepted.', schema: startedBody } },
      handle: (request) => startImport(parts, request),
    },
  ];
}

async function startImport(parts: ImportParts, request: ApiRequest): Promise<ApiReply> {
  const { service } = parts;
  const context = callContext(request);
  const database = await bdbOf(service, request);
  const body = request.body === undefined ? {} : objectAt(request.body, 'The request body');
  refuseUnknown(body, [sourcesKey, 'email_notification'], 'The request body');
  const mail = flagOf(body, 'email_notification', false);
  const given = body[sourcesKey] ?? (await readSettings(service, context, database.name)).sources;
  if (given === undefined || given === null) {
    throw badRequest(`${sourcesKey} is missing, and the database has none stored: name the files to import.`);
  }
  const { sources, skipped } = readSources(given);

  const names = createPlaceNames(service, context);
  const abilities = await service.databaseAbilities(context, database.name);
  const input = await importInput(database, sources, abilities, names);
  const options = startOptions(parts, context, request, {
    word: 'IMPORT',
    database: database.name,
    mail,
    notes: skipped.map((file) => `${file} was skipped: files ending in .json are descriptions.`),
    credentials: names.credentials,
  });
  const { job } = await service.startImport(context, input, options);
  return { status: 200, body: { action_uid: actionUid(job.id) } };
}

/** The files of a list of sources. Clients hand over every file of a folder, also what describes the others. */
export function readSources(value: unknown): {
  readonly sources: readonly SourceFile[];
  readonly skipped: readonly string[];
} {
  if (!Array.isArray(value)) throw badRequest(`${sourcesKey} must be an array, not ${kindOf(value)}.`);
  if (value.length > mostSources) throw badRequest(`${sourcesKey} has more than ${mostSources} entries.`);
  const all = value.map((entry: unknown, index) => readSource(entry, `${sourcesKey}[${index}]`));
  const isDescription = ({ file }: SourceFile): boolean => file.toLowerCase().endsWith('.json');
  const sources = all.filter((source) => !isDescription(source));
  if (sources.length === 0) throw badRequest(`${sourcesKey} names no file to import.`);
  return { sources, skipped: all.filter(isDescription).map(({ file }) => file) };
}

/** The import in the service's words: files of the engine's own format replace everything, of a dump of ours what is in it. */
async function importInput(
  { name }: DatabaseView,
  sources: readonly SourceFile[],
  { ownFileExtension, erase, tableExistsActions }: DatabaseAbilities,
  names: PlaceNames,
): Promise<StartImport> {
  const common = { database: name, threads: runThreads };
  if (ownFileExtension !== null) {
    const ownFiles = [];
    for (const source of sources) {
      const { location, folder } = await names.name(source);
      ownFiles.push({ location, file: folder === '' ? source.file : `${folder}/${source.file}` });
    }
    return { ...common, ownFiles, erase };
  }
  const [source] = sources;
  if (source === undefined || sources.length > 1) {
    throw badRequest(`${sourcesKey} must name one file for this database: its dumps are one file each.`);
  }
  const { location, folder } = await names.name(source);
  return {
    ...common,
    location: folder === '' || !('path' in source.address) ? location : pathLocation(source.address.path),
    filePattern: source.file.replaceAll('%', '%%'),
    ...(tableExistsActions.includes('replace') ? { tableExistsAction: 'replace' } : {}),
  };
}

/** For PUT: what is stored must be of the right shape already. */
export function storableSources(value: unknown): readonly Body[] {
  readSources(value);
  return value as readonly Body[];
}
