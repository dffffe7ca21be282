import { readdir } from 'node:fs/promises';
import { startApache } from '../../harness/apache.ts';
import type { RemotePlace } from '../../harness/remote-place.ts';
import { storageLife } from './life.ts';

storageLife('webdav', openApache, { lists: true, inCampaign: true });

async function openApache(): Promise<RemotePlace> {
  const server = await startApache();
  return {
    locationOf: (base) => `webdav://127.0.0.1:${server.port}/dav/${base}`,
    credential: { type: 'http', id: server.user.name, secret: server.user.password },
    async leftovers() {
      const names = await readdir(server.root, { recursive: true });
      return names.filter((name) => /\.part$|\.davfs\.tmp/.test(name));
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
