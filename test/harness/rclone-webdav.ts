import { mkdir } from 'node:fs/promises';
import type { Apache } from './apache.ts';
import { freePort } from './free-port.ts';
import { startGuarded } from './guarded-process.ts';
import { makeFolder } from './with-folder.ts';

/** `rclone serve webdav`, a server that takes WebDAV lightly; `/dav/` is a folder on this machine. Disposing stops it. */
export type RcloneWebdav = Pick<Apache, 'port' | 'root' | 'user'> & AsyncDisposable;

const user = { name: 'writer', password: 'secret of rclone' };

export async function startRcloneWebdav(): Promise<RcloneWebdav> {
  await using opening = new AsyncDisposableStack();
  const folder = opening.use(await makeFolder());
  const port = await freePort();
  const root = folder.join('data');
  await mkdir(root);
  const options = `--config= --addr=127.0.0.1:${port} --baseurl=/dav --user=${user.name}`.split(' ');
  const server = opening.use(
    startGuarded(
      '/usr/bin/rclone',
      ['serve', 'webdav', root, ...options, `--pass=${user.password}`],
      'rclone',
    ),
  );
  await server.ready(async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/dav/`, {
      method: 'PROPFIND',
      headers: { depth: '0', authorization: `Basic ${btoa(`${user.name}:${user.password}`)}` },
    });
    await answer.arrayBuffer();
    if (answer.status !== 207) throw new Error(`PROPFIND is answered with ${answer.status}.`);
  });
  const parts = opening.move();
  return { port, root, user, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}
