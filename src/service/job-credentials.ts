import type { Job } from '../core/job.ts';
import { jobCredentialName, jobCredentialPrefix, ownCredentialName } from '../core/job-credential.ts';
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
    // The jobs that these start have places of their own.
    case 'backup_verify':
    case 'backup_delete':
    case 'restore':
    case 'run':
    case 'definition_import':
      return [];
    case 'backup':
      return [request.policy.location];
    case 'dump_copy':
      return [request.location, request.to];
    case 'import':
      return request.ownFiles?.map(({ location }) => location) ?? [request.location];
    default:
      return [request.location];
  }
}

const credentialAt = (location: LocationRequest): string | null =>
  location.type === 'url' ? location.credential : null;

function encryptionKeyOf(request: JobRequest): string | null {
  if (request.kind === 'backup') return request.policy.encryptionKey;
  return request.kind === 'export' || request.kind === 'import' ? request.encryptionKey : null;
}

/** The request of a job to be, with the names that its `count` own credentials get once it has an id. */
export function nameOwnCredentials(request: JobRequest, jobId: string, count: number): JobRequest {
  const names = new Map(
    Array.from({ length: count }, (_, position) => [
      ownCredentialName(position),
      jobCredentialName(jobId, position),
    ]),
  );
  const named = <N extends string | null>(name: N): N | string =>
    name === null ? name : (names.get(name) ?? name);
  const at = (location: LocationRequest): LocationRequest =>
    location.type === 'url' ? { ...location, credential: named(location.credential) } : location;
  switch (request.kind) {
    case 'copy':
    case 'backup':
    case 'backup_verify':
    case 'backup_delete':
    case 'restore':
    case 'run':
    case 'definition_import':
      return request;
    case 'export':
      return { ...request, location: at(request.location), encryptionKey: named(request.encryptionKey) };
    case 'import':
      return {
        ...request,
        location: at(request.location),
        encryptionKey: named(request.encryptionKey),
        ownFiles: request.ownFiles?.map(({ location, file }) => ({ location: at(location), file })) ?? null,
      };
    case 'dump_copy':
      return { ...request, location: at(request.location), to: at(request.to) };
    default:
      return { ...request, location: at(request.location) };
  }
}

/**
 * Holds a job that rests to the credentials that it was started with. A name that was given up can come back as somebody else's, and a job
 * must not come by another user's secret that way; the owner of the job may have put a new one in the place of his own. Those that came with
 * the job are nobody else's. Throws `credential-unknown`.
 */
export async function checkJobCredentials(registry: Registry, job: Job): Promise<void> {
  for (const name of credentialsOf(job.request)) {
    if (name.startsWith(jobCredentialPrefix(job.id))) continue;
    const record = await registry.getCredential(name);
    const isTheirs = record !== null && (record.owner === job.owner || record.createdAt <= job.createdAt);
    if (!isTheirs) throw unknownCredential(name, 'credential');
  }
}
