import type { Job } from '../core/job.ts';
import type { JobRequest, LocationRequest } from '../core/request.ts';
import { unknownCredential } from '../operations/environment.ts';
import type { Registry } from '../registry/registry.ts';

/** The credentials that a job's request names; a directory brings its own besides. */
export function credentialsOf(request: JobRequest): readonly string[] {
  const names = [...locationsOf(request).map(credentialAt), encryptionKeyOf(request)];
  return names.filter((name) => name !== null);
}

/** The places that a job reads or writes dump files at. */
export function locationsOf(request: JobRequest): readonly LocationRequest[] {
  switch (request.kind) {
    case 'copy':
      return [];
    case 'dump_copy':
      return [request.location, request.to];
    default:
      return [request.location];
  }
}

const credentialAt = (location: LocationRequest): string | null =>
  location.type === 'url' ? location.credential : null;

const encryptionKeyOf = (request: JobRequest): string | null =>
  request.kind === 'export' || request.kind === 'import' ? request.encryptionKey : null;

/**
 * Holds a job that rests to the credentials that it was started with. A name that was given up can come back as somebody else's, and a job
 * must not come by another user's secret that way; the owner of the job may have put a new one in the place of his own.
 * Throws `credential-unknown`.
 */
export async function checkJobCredentials(registry: Registry, job: Job): Promise<void> {
  for (const name of credentialsOf(job.request)) {
    const record = await registry.getCredential(name);
    const isTheirs = record !== null && (record.owner === job.owner || record.createdAt <= job.createdAt);
    if (!isTheirs) throw unknownCredential(name, 'credential');
  }
}
