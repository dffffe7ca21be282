import type { Clock } from '../../base/clock.ts';
import type { DatabaseAbilities } from '../../service/service.ts';
import type { ApiReply, ApiRequest } from '../api.ts';
import { actionUid } from './action-uid.ts';
import { bdbKey } from './bdb-routes.ts';
import { slugOf } from './bdb-view.ts';
import { exportBody, startedBody, validateBody } from './bodies.ts';
import { readDestination } from './locations.ts';
import { flagOf, refuseUnknown, requiredBody } from './members.ts';
import { createPlaceNames, pathLocation } from './named-places.ts';
import { bdbOf, callContext, type Operation, type OperationParts } from './operation.ts';
import { notAcceptable } from './refusal.ts';
import { runThreads, secondOf, startOptions } from './start-run.ts';

export interface ExportParts extends OperationParts {
  readonly clock: Clock;
}

const longestName = 30;
const tags = ['bdbs'];

/** POST of an export, and the look at where one would go. */
export function exportOperations(parts: ExportParts): readonly Operation[] {
  return [
    {
      method: 'POST',
      path: '/v1/bdbs/:uid/actions/export',
      operationId: 'exportBdb',
      summary: 'Export a database',
      description:
        'Accepted at once; export_status, export_progress and export_failure_reason of the database tell how it goes. The place is looked at when the export runs.',
      tags,
      permission: 'start_bdb_export',
      params: bdbKey,
      body: exportBody,
      responses: { 200: { description: 'The export is accepted.', schema: startedBody } },
      handle: (request) => startExport(parts, request),
    },
    {
      method: 'POST',
      path: '/v1/bdbs/actions/validate_backup_location',
      operationId: 'validateBackupLocation',
      summary: 'Try a place',
      description: 'Writes a small file there, reads it back and deletes it. 406 says what is wrong.',
      tags,
      permission: 'start_bdb_export',
      body: validateBody,
      responses: { 200: { description: 'The place takes files.', schema: null } },
      handle: (request) => validate(parts, request),
    },
  ];
}

async function startExport(parts: ExportParts, request: ApiRequest): Promise<ApiReply> {
  const { service } = parts;
  const context = callContext(request);
  const { name } = await bdbOf(service, request);
  const body = requiredBody(request.body);
  refuseUnknown(body, ['export_location', 'email_notification'], 'The request body');
  const place = readDestination(body.export_location, 'export_location');
  const mail = flagOf(body, 'email_notification', false);

  const names = createPlaceNames(service, context);
  const { location, folder } = await names.name(place);
  const abilities = await service.databaseAbilities(context, name);
  const { job } = await service.startExport(
    context,
    {
      database: name,
      // The directory itself is open to everybody; below it, only a path says where.
      location: folder === '' || !('path' in place.address) ? location : pathLocation(place.address.path),
      mode: abilities.modes.includes('full') ? 'full' : 'schema',
      threads: runThreads,
    },
    {
      ...startOptions(parts, context, request, {
        word: 'EXPORT',
        database: name,
        mail,
        notes: [],
        credentials: names.credentials,
      }),
      defaultFilePattern: (jobName) => exportPattern(name, secondOf(jobName), abilities),
    },
  );
  return { status: 200, body: { action_uid: actionUid(job.id) } };
}

/**
 * `<name, 30 characters>-<moment>-<i>_of_<n>.rdb.gz`: one file for each shard, where the engine has files of its own; otherwise one dump file
 * of ours for all.
 * @param second see {@link secondOf}
 */
export function exportPattern(
  database: string,
  second: string,
  { ownFileExtension: extension }: Pick<DatabaseAbilities, 'ownFileExtension'>,
): string {
  const stem = `${slugOf(database).slice(0, longestName)}-${second}`;
  return extension === null ? `${stem}-1_of_1.dmp` : `${stem}-%I_of_%N.${extension}.gz`;
}

async function validate({ service }: ExportParts, request: ApiRequest): Promise<ApiReply> {
  const context = callContext(request);
  const body = requiredBody(request.body);
  refuseUnknown(body, ['backup_location'], 'The request body');
  const place = readDestination(body.backup_location, 'backup_location');
  const names = createPlaceNames(service, context);
  const { location, folder } = await names.name(place);
  const test = await service.testLocation(context, {
    location: folder === '' || !('path' in place.address) ? location : pathLocation(place.address.path),
    ownCredentials: names.credentials,
  });
  if (!test.ok) throw notAcceptable(test.message, 'invalid_backup_location');
  return { status: 200 };
}
