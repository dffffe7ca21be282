import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { RemotePlace } from '../../harness/remote-place.ts';
import { startSshd } from '../../harness/sshd.ts';
import { storageLife } from './life.ts';

storageLife('sftp', openSshd, { lists: true, killed: true });

async function openSshd(): Promise<RemotePlace> {
  const server = await startSshd();
  return {
    locationOf: (base) =>
      `sftp://${server.user}@127.0.0.1:${server.port}${path.join(server.root, base)}?host-key=${encodeURIComponent(server.fingerprint)}`,
    credential: { type: 'sftp', id: server.user, secret: server.privateKey },
    async leftovers() {
      const names = await readdir(server.root, { recursive: true });
      return names.filter((name) => name.endsWith('.part'));
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
