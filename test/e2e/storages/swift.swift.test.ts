import type { RemotePlace } from '../../harness/remote-place.ts';
import { orphanUploads, startSwift } from '../../harness/swift.ts';
import { storageLife } from './life.ts';

storageLife('swift', openSwift, { lists: true });

async function openSwift(): Promise<RemotePlace> {
  const server = await startSwift();
  return {
    locationOf: (base) =>
      `swift://${server.container}/${base}?auth-url=${encodeURIComponent(server.authUrl)}`,
    credential: { type: 'swift', id: server.owner.user, secret: server.owner.key },
    leftovers: () => orphanUploads(server, ''),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
