import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { startNginx } from '../../harness/nginx.ts';
import type { RemotePlace } from '../../harness/remote-place.ts';
import { storageLife } from './life.ts';

storageLife('http', openNginx, { lists: false, inCampaign: true });

async function openNginx(): Promise<RemotePlace> {
  const server = await startNginx();
  return {
    locationOf: (base) => `http://127.0.0.1:${server.port}/private/${base}`,
    credential: { type: 'http', id: server.user.name, secret: server.user.password },
    /** The temporary files of uploads: nginx removes them when it finds out that a client has gone. */
    async leftovers() {
      let names = await readdir(server.uploads);
      for (let tries = 0; names.length > 0 && tries < 40; tries += 1) {
        await sleep(50);
        names = await readdir(server.uploads);
      }
      return names;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
