import { readdir } from 'node:fs/promises';
import { startProftpd } from '../../harness/proftpd.ts';
import type { RemotePlace } from '../../harness/remote-place.ts';
import { storageLife } from './life.ts';

storageLife('ftp', () => openProftpd('ftp'), { lists: true, inCampaign: true });
storageLife('ftps', () => openProftpd('ftps'), { lists: true, inCampaign: true });

async function openProftpd(scheme: 'ftp' | 'ftps'): Promise<RemotePlace> {
  const server = await startProftpd({ isStrict: scheme === 'ftps' });
  const pin = scheme === 'ftps' ? `?tls-fingerprint=${encodeURIComponent(server.fingerprint)}` : '';
  return {
    locationOf: (base) => `${scheme}://${server.user}@127.0.0.1:${server.port}${server.base}/${base}${pin}`,
    credential: { type: 'ftp', id: server.user, secret: server.password },
    async leftovers() {
      const names = await readdir(server.root, { recursive: true });
      return names.filter((name) => name.endsWith('.part'));
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
