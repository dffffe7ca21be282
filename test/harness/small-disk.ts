import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { giveToServer } from './server-user.ts';

const run = promisify(execFile);

/** A file system of its own, in memory. Disposing unmounts it. */
export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  /** Takes up what is free, but for so many bytes. */
  fill(left: number): Promise<void>;
  /** Gives back what `fill` took. */
  makeRoom(): Promise<void>;
}

/** Mounts a file system of `megabytes`; null where this process may not mount. The server's user may write to it. */
export async function mountSmallDisk(megabytes: number): Promise<SmallDisk | null> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'pumphouse-disk-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'tmpfs', folder]);
  } catch {
    await rm(folder, { recursive: true });
    return null;
  }
  // Outlives this process, however it dies: nothing may stay mounted.
  const script = 'while read -r _; do :; done; umount -l "$1"; rmdir "$1"';
  const guard = spawn('/bin/sh', ['-c', script, 'guard', folder], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  (guard.stdin as unknown as { unref(): void }).unref();
  giveToServer(folder);
  const ballast = path.join(folder, 'ballast');
  return {
    path: folder,
    async fill(left) {
      const { bavail, bsize } = await statfs(folder);
      await writeFile(ballast, Buffer.alloc(Math.max(0, bavail * bsize - left)));
    },
    makeRoom: () => rm(ballast),
    async [Symbol.asyncDispose]() {
      guard.ref();
      const ended = once(guard, 'exit');
      guard.stdin?.end();
      await ended;
    },
  };
}
