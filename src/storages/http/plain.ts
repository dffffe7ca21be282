import { AppError } from '../../core/errors.ts';
import { probeStorage } from '../blocks/probe.ts';
import type { Storage } from '../storage.ts';
import type { WebAddress } from '../web/address.ts';
import type { WebCalls } from '../web/calls.ts';
import { getOverWeb } from '../web/get.ts';
import { classifyStatus, refusalOf } from '../web/status.ts';
import { lookAt } from './look.ts';
import { putFile } from './put.ts';

/** Files of any HTTP server, below one address: it reads, and writes where the server takes PUT. It cannot list. */
export function plainStorage(address: WebAddress, calls: WebCalls): Storage {
  const { description } = address;
  const storage: Storage = {
    description,
    keeps: true,
    lists: false,

    put: (name, source, options, context) =>
      calls.once(context, (client, signal) =>
        putFile({ client, url: address.of(name), subject: address.subject(name) }, source, options, signal),
      ),

    get: (name, range, context) =>
      calls.stream(context, (client, signal) =>
        getOverWeb(client, address.of(name), range, address.subject(name), signal),
      ),

    stat: (name, context) =>
      calls.once(context, async (client, signal) => {
        const subject = address.subject(name);
        const found = await lookAt(client, address.of(name), subject, signal);
        if (found.is === 'hidden') throw classifyStatus(found.status, 'stat', subject);
        return found.is === 'file' ? { name, bytes: found.bytes } : null;
      }),

    list: (_prefix, context) =>
      // biome-ignore lint/correctness/useYield: it refuses
      calls.stream(context, async function* () {
        throw new AppError('unsupported', {
          message: `${description} cannot tell what it holds: plain HTTP has no lists.`,
          hint: 'Name the file or the dump set.',
          operation: 'list',
        });
      }),

    remove: (name, context) =>
      calls.once(context, async (client, signal) => {
        const response = await client.send({ method: 'DELETE', url: address.of(name) }, signal);
        if (response.status >= 300 && response.status !== 404 && response.status !== 410)
          throw await refusalOf(response, 'remove', address.subject(name));
        response.discard();
      }),

    // What a killed process left unfinished is the server's own temporary file.
    sweep: (_prefix, context) => calls.once(context, async () => undefined),

    freeBytes: (context) => calls.once(context, async () => null),

    probe: (context) => probeStorage(storage, context),
  };
  return storage;
}
