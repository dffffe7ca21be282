import { chownSync, readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';

/** The user that server processes run as; PostgreSQL refuses to run as root. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** Null when this process is an ordinary user, which then runs the servers itself; else the machine's `nobody`. */
export function serverUser(): ServerUser | null {
  if (process.getuid?.() !== 0) return null;
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('nobody:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) {
    throw new Error(
      'PostgreSQL refuses to run as root and /etc/passwd has no user nobody: run the tests as an ordinary user.',
    );
  }
  return { uid: Number(uid), gid: Number(gid) };
}

/** Makes the server's user the owner of a file or folder. */
export function giveToServer(file: string): void {
  const user = serverUser();
  if (user !== null) chownSync(file, user.uid, user.gid);
}

/** Whether `user` can get at `folder`: it and every folder above let others than their owner pass. */
export function isReachable(folder: string, user: ServerUser | null): boolean {
  if (user === null) return true;
  const passForOthers = 0o001;
  for (let current = realpathSync(folder); ; current = path.dirname(current)) {
    if ((statSync(current).mode & passForOthers) === 0) return false;
    if (path.dirname(current) === current) return true;
  }
}
