import type { JobRequest } from '../core/request.ts';

/** The databases that a job works on: the source, and the target of a copy; jobs on dump sets alone have none. */
export function databasesOf(request: JobRequest): readonly string[] {
  if (request.kind === 'copy') return [request.database, request.target];
  return request.database === '' ? [] : [request.database];
}
