import { AppError, toAppError } from '../core/errors.ts';
import { isAllowed } from '../core/permission.ts';
import type { LocationRequest } from '../core/request.ts';
import { parseLocationUrl } from '../operations/environment.ts';
import type { Storage } from '../storages/storage.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import { usableCredential } from './credentials.ts';
import { ioContext, type ServiceDependencies } from './dependencies.ts';
import { readLocation, readObject } from './input.ts';
import { withOwnCredentials } from './own-credentials.ts';
import type { CallContext, Service } from './service.ts';

/** What these lead to is the machine of the service itself: no credential opens it. */
const schemesOfThisMachine = ['file:', 'null:'];

/**
 * Throws unless the caller may have jobs go to a place: `credential-unknown` where the credential is not his to use, `forbidden` for a
 * storage URL that he may not name. Named directories are for everybody; URLs for administrators, and with a credential of the caller's
 * own for whoever may have such.
 */
export async function authoriseLocation(
  parts: Pick<ServiceDependencies, 'registry'>,
  context: CallContext,
  location: LocationRequest,
): Promise<void> {
  if (location.type === 'directory') return;
  const { caller } = context;
  if (location.credential !== null) {
    await usableCredential(parts, context, location.credential, 'credential');
    if (!schemesOfThisMachine.includes(parseLocationUrl(location.url, 'location').protocol)) return;
  }
  if (isAllowed(caller, 'location:any')) return;
  throw new AppError('forbidden', {
    field: 'location',
    message: `The role ${caller.role} of user ${caller.name} does not allow location:any.`,
    hint: 'Name a directory, or a storage URL together with a credential of your own.',
    context: { action: 'location:any', caller: caller.name },
  });
}

/**
 * A location in the audit trail. It is written before the place is looked at, and addresses of web servers can be secrets in themselves
 * (pre-authenticated requests): of those the host has to do, and a query is left out of all.
 */
export function subjectOf(location: LocationRequest): string {
  if (location.type === 'directory') return location.directory;
  const { protocol, host, pathname } = new URL(location.url);
  const isWeb = protocol === 'https:' || protocol === 'http:';
  return `${protocol}//${host}${isWeb ? '' : pathname}`;
}

/** Trying places out. */
export function createLocations(dependencies: ServiceDependencies): Pick<Service, 'testLocation'> {
  return {
    async testLocation(context, rawInput) {
      const location = readLocation(readObject(rawInput).location);
      const parts = withOwnCredentials(dependencies, context, rawInput);
      const subject = subjectOf(location);
      await authoriseCommand(parts, context, { name: 'location:test', subject }, async () => {
        // It writes a file, and tells about the place: for whoever could start a job that does so.
        authorise(context, 'export:start');
        await authoriseLocation(parts, context, location);
      });
      const storage = await parts.environment.storage(location);
      const url = storage.description;
      try {
        await storage.probe(ioContext(parts, context));
      } catch (thrown) {
        context.signal.throwIfAborted();
        const error = toAppError(thrown);
        return { ok: false, url, message: error.message, code: error.code, hint: error.hint };
      }
      return { ok: true, url, message: successOf(storage), code: null, hint: null };
    },
  };
}

function successOf({ description, keeps, readOnly }: Storage): string {
  if (readOnly) return `${description} can be read; nothing was written, since the directory is read-only.`;
  return keeps
    ? `A small file was written to ${description}, read back and deleted.`
    : `${description} takes files and throws them away.`;
}
