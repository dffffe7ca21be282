import { withField } from '../core/errors.ts';
import type { JobRequest, LocationRequest } from '../core/request.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { locationsOf } from './job-credentials.ts';
import { databasesOf } from './job-databases.ts';

type Parts = Pick<ServiceDependencies, 'environment' | 'backups'>;

/**
 * Where several instances share the work, a job may run on any of them, so that what only one machine sees is no place for it. Throws `not-shared` naming
 * the field. What the jobs that it starts name besides is looked at when they are started.
 */
export async function refuseLocal(parts: Parts, request: JobRequest): Promise<void> {
  const { environment } = parts;
  for (const name of databasesOf(request)) {
    await environment.refuseLocalDatabase(name).catch((error: unknown) => {
      throw withField(error, databaseField(request, name));
    });
  }
  for (const [position, location] of locationsOf(request).entries()) {
    await environment.refuseLocalPlace(location).catch((error: unknown) => {
      throw withField(error, placeField(request, location, position));
    });
  }
  for (const id of backupsOf(request)) {
    const backup = await parts.backups.getBackup(id);
    if (backup === null) continue;
    await environment.refuseLocalPlace(backup.location).catch((error: unknown) => {
      throw withField(error, 'backup');
    });
  }
}

/** The backups whose files a job reads or removes. */
function backupsOf(request: JobRequest): readonly number[] {
  switch (request.kind) {
    case 'restore':
    case 'backup_verify':
      return [request.backup];
    case 'backup_delete':
      return request.backups.map(({ id }) => id);
    default:
      return [];
  }
}

function databaseField(request: JobRequest, name: string): string {
  switch (request.kind) {
    case 'copy':
      return name === request.database ? 'database' : 'target';
    case 'backup_verify':
      return 'scratch_database';
    case 'run':
      return 'connection';
    default:
      return 'database';
  }
}

function placeField(request: JobRequest, location: LocationRequest, position: number): string {
  const field = location.type === 'directory' ? 'directory' : 'location';
  if (request.kind === 'import' && request.ownFiles !== null) return `own_files[${position}].${field}`;
  return request.kind === 'dump_copy' && position === 1 ? `to_${field}` : field;
}
