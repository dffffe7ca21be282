import { AppError } from '../../core/errors.ts';
import { isAbandoned } from '../blocks/part-name.ts';
import { probeStorage } from '../blocks/probe.ts';
import { checkFileName } from '../file-name.ts';
import type { Storage, StorageDriver, StoragePlace } from '../storage.ts';
import { segmentsOf, webAddress } from '../web/address.ts';
import { authoriseBy } from '../web/authorisation.ts';
import { webCalls } from '../web/calls.ts';
import type { WebClient } from '../web/client.ts';
import { getOverWeb } from '../web/get.ts';
import { httpCredentialType } from '../web/http-credential.ts';
import { refusalOf } from '../web/status.ts';
import { putFile } from './put.ts';
import { propfind, walk } from './walk.ts';

/** A folder of a WebDAV server: `webdavs://host/path`, or `webdav://` without TLS. */
export const webdavDriver: StorageDriver = {
  schemes: ['webdav', 'webdavs'],
  example: 'webdavs://host/path',
  options: [],
  credentialTypes: [httpCredentialType],
  open: webdavStorage,
};

function webdavStorage(place: StoragePlace): Storage {
  const { url } = place;
  if (url.hostname === '' || url.username !== '') {
    throw new AppError('location-invalid', {
      message: `The storage URL names ${url.hostname === '' ? 'no host' : 'a user'}.`,
      hint: 'Write webdavs://host/path, and give user name and password by a credential of the type http.',
    });
  }
  // For its complaints.
  segmentsOf(url);
  const base = new URL(url.href.replace(/^webdav/, 'http'));
  const address = webAddress(base, url.href);
  const { description } = address;

  const calls = webCalls(place, authoriseBy(place, ['password', 'bearer']));
  const remove = async (client: WebClient, name: string, signal: AbortSignal): Promise<void> => {
    // The folders stay: a DELETE of one takes whatever somebody has put there since it was seen empty.
    const response = await client.send({ method: 'DELETE', url: address.of(name) }, signal);
    if (response.status >= 300 && response.status !== 404 && response.status !== 410)
      throw await refusalOf(response, 'remove', address.subject(name));
    response.discard();
  };

  const storage: Storage = {
    description,
    keeps: true,
    lists: true,

    put: (name, source, options, context) =>
      calls.once(context, (client, signal) => putFile({ client, address }, name, source, options, signal)),

    get: (name, range, context) =>
      calls.stream(context, (client, signal) =>
        getOverWeb(client, address.of(name), range, address.subject(name), signal, refusedGet),
      ),

    stat: (name, context) =>
      calls.once(context, async (client, signal) => {
        checkFileName(name);
        const [found] = (await propfind({ client, address }, name, 0, signal)) ?? [];
        return found === undefined || found.isFolder ? null : { name, bytes: found.bytes ?? 0 };
      }),

    list: (prefix, context) =>
      calls.stream(context, async function* (client, signal) {
        for await (const { name, bytes } of walk({ client, address }, prefix, false, signal))
          yield { name, bytes };
      }),

    remove: (name, context) => calls.once(context, (client, signal) => remove(client, name, signal)),

    sweep: (prefix, context) =>
      calls.once(context, async (client, signal) => {
        const now = Date.now();
        for await (const { name, modifiedMs } of walk({ client, address }, prefix, true, signal)) {
          if (!isAbandoned(name, modifiedMs, now)) continue;
          const url = address.folder(name);
          url.pathname = url.pathname.slice(0, -1);
          const response = await client.send({ method: 'DELETE', url }, signal);
          response.discard();
        }
      }),

    freeBytes: (context) =>
      calls.once(context, async (client, signal) => {
        const [found] = (await propfind({ client, address }, '', 0, signal)) ?? [];
        return found?.freeBytes ?? null;
      }),

    probe: (context) => probeStorage(storage, context),
  };
  return storage;
}

/** What servers answer to a GET of a folder when they do not redirect. */
async function refusedGet(
  ...[response, operation, subject]: Parameters<typeof refusalOf>
): Promise<AppError> {
  if (response.status !== 405) return await refusalOf(response, operation, subject);
  response.discard();
  return new AppError('file-missing', { message: `${subject} is a folder, and no file.`, operation });
}
