import type { JobRequest } from '../core/request.ts';

/**
 * The databases that a job works on, itself or by the jobs that it starts: the source, and the target of a copy. Jobs on dump sets alone have
 * none, nor have those on backups, whose database may be gone.
 */
export function databasesOf(request: JobRequest): readonly string[] {
  switch (request.kind) {
    case 'copy':
      return [request.database, request.target];
    case 'backup_verify':
      return request.scratchDatabase === null ? [] : [request.scratchDatabase];
    case 'backup_delete':
      return [];
    case 'run':
      return [...new Set(Object.values(request.connections))];
    default:
      return request.database === '' ? [] : [request.database];
  }
}
